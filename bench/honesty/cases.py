"""cases: what bench_honesty runs: name of the case, problem (a file of this folder, or built in), settings, spaces, kind.

Spaces: e elements, c Chebyshev series, f Fourier series, n networks, N networks of few neurons and iterations (two coordinates). Kinds:

    well    well posed: the printed error is to be of use
    weak    known, but amplified, nearly double, at a fold, or hardly felt by the equation: only honesty is asked for
    free    nothing determines the number: no digits, status 1
    none    there is no solution: no digits, status 1
    bounds  the solution is out of bounds: digits would be false, status 1
"""
CASES = """
cooling            cooling                                ecn  well
rate               rate                                   ecn  well
rate_day           rate_day                               ecn  well
rate_far           rate_far                               ecn  weak
big                big                                    ecn  well
load_tiny          load_tiny                              ecn  well
load               load                                   ecn  well
layer              layer                                  ecn  well
convection         convection                             ecn  well
layer_sharp        layer_sharp                            ecn  well
bratu              bratu                                  ecn  well
bratu_inverse      bratu_inverse                          ecn  well
bratu_fold         bratu_fold                             ecn  weak
bratu_none         bratu_none                             ecn  none
troesch            troesch                                ecn  well
blasius            blasius                                ecn  well
falkner_skan       falkner_skan                           ecn  well
falkner_fold       falkner_fold                           ecn  weak
lane_emden1        lane_emden1                            ecn  well
lane_emden3        lane_emden3                            ecn  well
airy               airy                                   ecn  well
airy_level         airy_level                             ecn  well
string             string                                 ecn  well
legendre           legendre                               ecn  well
legendre_bounds    legendre_bounds                        ecn  bounds
rate_bounds        rate_bounds                            ecn  bounds
oscillator         oscillator                             ecn  well
hermite            hermite                                ecn  well
mathieu            mathieu                                ecn  well
mathieu_ring       mathieu_ring                           fn   well
membrane           membrane                               ecn  well
beam               beam                                   ecn  well
pendulum           pendulum                               ecn  well
van_der_pol        van_der_pol                            fn   well
logistic           logistic                               ecn  well
drag               drag                                   ecn  weak
slow               slow                                   ecn  weak
damped             damped                                 ecn  well
relax_5            relax                    --set r=5     ecn  well
relax_10           relax                    --set r=10    ecn  weak
relax_30           relax                    --set r=30    ecn  weak
unstable_2         unstable                 --set r=2     ecn  well
unstable_5         unstable                 --set r=5     ecn  weak
unstable_20        unstable                 --set r=20    ecn  weak
stiff              stiff                                  ecn  well
stiff_layer        stiff_layer                            ecn  well
oscillation        oscillation                            ecn  well
lorenz             lorenz                                 ec   well
lotka              lotka                                  ecn  well
epidemic           epidemic                               ecn  well
michaelis          michaelis                              ecn  well
sech_well          sech_well                              ecn  well
quartic            quartic                                ecn  well
tunnel             tunnel                                 ecn  weak
double_root        double_root                            ecn  weak
near_root          near_root                              ecn  weak
nagumo             nagumo                                 ecn  well
soliton            soliton                                ecn  well
benjamin_ono       benjamin_ono                           efn  well
gaussian           gaussian                               ecn  well
half_line          half_line                              ecn  well
ring               ring                                   fn   well
ring_rate          ring_rate                              fn   well
tangent            tangent                                ecn  well
kink               kink                                   ecn  well
viscosity          viscosity                              ecn  well
burgers_0          burgers                  --set n=0     efn  well
burgers_1          burgers                  --set n=1     efn  well
burgers_2          burgers                  --set n=2     efn  well
weak_rate          weak_rate                              efn  weak
gclm_0             gclm                     --set a=0     efn  well
gclm_half          gclm                     --set a=0.5   ef   well
gclm_0.3           gclm                     --set a=0.3   efn  well
ccf                ccf                                    ef   well
poisson_value      poisson_value                          N    well
heat_rate          heat_rate                              N    well
advection          advection                              N    well
square_level       square_level                           N    well
heat_corner        heat_corner                            N    weak
relative_k         relative_k                             ecn  free
sum_only           sum_only                               ecn  free
product_only       product_only                           ecn  free
free_oscillation   free_oscillation                       ecn  free
two_fields         two_fields                             ecn  free
neumann            neumann                                ecn  free
identity           identity                               ecn  free
trivial_well       trivial_well                           ecn  free
trivial_heat       trivial_heat                           ecn  free
trivial_chemo      trivial_chemo                          ecn  free
kpp                kpp                                    ecn  free
no_level           no_level                               ecn  none
no_level_pinned    no_level_pinned                        ecn  none
contradiction      contradiction                          ecn  none
no_front           no_front                               ecn  none
"""

# Options of a run after those of its case; of networks, one for each of ten seeds, and again.
FULL = "--iterations 300 --seconds 6"
RUNS = {
    "e": ["", "--points 12", "--points 40", "--iterations 5", "--iterations 20 --points 40"],
    "c": ["", "--layers 10", "--layers 24", "--layers 32 --points 20", "--iterations 5"],
    "f": ["", "--layers 12", "--layers 32", "--iterations 5"],
    "n": [FULL, "--iterations 5", "--iterations 20", "--layers 3 --iterations 60", "--seconds 1", "--layers 3 --points 40 --iterations 40", FULL,
          "--layers 8 --iterations 5", "--layers 8 --iterations 20", "--layers 8 --points 60 --iterations 60"],
    "N": ["--layers 12 --iterations 60", "--layers 12 --iterations 5", "--layers 12 --iterations 20", "--layers 3 --iterations 30", "--layers 12 --seconds 1",
          "--layers 3 --points 100 --iterations 20", "--layers 12 --iterations 60", "--layers 8 --iterations 5", "--layers 8 --iterations 20", "--layers 8 --points 200 --iterations 40"],
}
SPACES = {"e": "element", "c": "chebyshev", "f": "fourier", "n": "mlp", "N": "mlp"}
# A minute for those who change something: of each kind, in each space.
QUICK = "rate load bratu_inverse string airy_level damped drag relax_5 unstable_2 tangent ring mathieu_ring burgers_0 sum_only relative_k no_level".split()
QUICK_RUNS = {"e": ["", "--points 12"], "c": ["", "--layers 10"], "f": ["", "--layers 12"], "n": ["--layers 8 --iterations 20"], "N": []}


def cases():
    """(name, problem, settings, spaces, kind) of each line."""
    for line in CASES.split("\n"):
        words = line.split()
        if words:
            yield words[0], words[1], words[2:-2], words[-2], words[-1]


def runs(spaces, seeds, quick):
    """(space, seed, options) of each run."""
    for space in spaces:
        options = (QUICK_RUNS if quick else RUNS)[space]
        if space not in "nN":
            for o in options:
                yield SPACES[space], 1, o.split()
        elif options:
            for seed in range(1, (1 if quick else seeds) + 1):
                yield SPACES[space], seed, options[(seed - 1) % len(options)].split()
