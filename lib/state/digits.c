/* digits.c: a number printed with the digits that its error supports. */
#include "state/state.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER 48
#define FIXED_MAX 1e15      /* below it %f prints no digit that a double does not hold */
#define FIXED_MIN 1e-4      /* below it the exponent form is shorter */
#define FIXED_MIN_DECADE (-6)

/* value rounded to a multiple of 10^decade, "%f" way. */
static void print_fixed(char *s, double value, int decade) { snprintf(s, BUFFER, "%.*f", -decade, value); }

/* The same with an exponent; "0e<decade>" if the value rounds to nothing. Rounding may raise the exponent (9.96 to 10.0): then the rounded
 * value gets the digit it is due. */
static void print_exponent(char *s, double value, int decade)
{
    const int most = DBL_DIG + 2, digits = value != 0 ? (int)floor(log10(fabs(value))) - decade : -1;

    if (digits < 0) {
        snprintf(s, BUFFER, "0e%+03d", decade);
        return;
    }
    snprintf(s, BUFFER, "%.*e", digits > most ? most : digits, value);
    const int due = atoi(strchr(s, 'e') + 1) - decade;
    if (due > digits && due <= most) snprintf(s, BUFFER, "%.*e", due, strtod(s, NULL));
}

/* The last digit d: d * 10^decade covers the error and the rounding of the printed value. */
static int last_digit(const char *printed, double value, double error, int decade)
{
    const double total = (error + fabs(strtod(printed, NULL) - value)) / pow(10, decade);
    const double slack = 16 * DBL_EPSILON; /* of the division: 3e-13 must give 3, not 4 */

    return total > 10 ? 10 : (int)ceil(total * (1 - slack));
}

void az_format_unknown(char *buffer, double value, double error)
{
    char number[BUFFER];

    if (isnan(value)) {
        snprintf(buffer, BUFFER, "none");
        return;
    }
    if (isinf(error)) {
        snprintf(buffer, BUFFER, "not determined");
        return;
    }
    if (!isfinite(value) || !isfinite(error) || error < 0) {
        snprintf(buffer, BUFFER, "%.2g(?)", value);
        return;
    }
    error = fmax(error, DBL_EPSILON / 2 * fabs(value));
    if (error < DBL_MIN) {
        snprintf(buffer, BUFFER, "%.17g", value);
        return;
    }
    int digit = 10, decade = (int)floor(log10(error)) - 1;
    while (digit > 9) {
        decade++;
        const double size = fabs(value);
        if (decade <= 0 && size < FIXED_MAX && (size >= FIXED_MIN || decade >= FIXED_MIN_DECADE))
            print_fixed(number, value, decade);
        else
            print_exponent(number, value, decade);
        digit = last_digit(number, value, error, decade);
    }
    const size_t head = strcspn(number, "e");
    snprintf(buffer, BUFFER, "%.*s(%d)%s", (int)head, number, digit < 1 ? 1 : digit, number + head);
}
