/* Whether a tone stopped by itself, as dsp.bursts.sharp_edges.goes_quiet has it. */

#include "ear.h"

enum { PIECE = 40, LEAST_PIECES = 8 };

/* Energy of n samples. */
INLINE double energy(const float *x, int n)
{
    doubles lanes = {0};
    double rest = 0;
    int k = 0;
    for (; k + EIGHT <= n; k += EIGHT) {
        doubles some = __builtin_convertvector(READ(eights, x + k), doubles);
        lanes += some * some;
    }
    for (; k < n; k++)
        rest += (double)x[k] * x[k];
    return across(lanes) + rest;
}

/* Variance of the steps that lead to samples [first, last), of `size`: to the very first sample none does. */
INLINE double variance(const float *x, int first, int last, int size)
{
    doubles whole = {0}, squares = {0};
    double total = 0, power = 0;
    int k = first > 1 ? first : 1;
    for (; k + EIGHT <= last; k += EIGHT) {
        doubles step = __builtin_convertvector(READ(eights, x + k) - READ(eights, x + k - 1), doubles);
        whole += step, squares += step * step;
    }
    for (; k < last; k++) {
        double step = x[k] - x[k - 1];
        total += step, power += step * step;
    }
    double mean = (across(whole) + total) / size;
    return (across(squares) + power) / size - mean * mean;
}

/* behind: n samples after a tone that was so strong; before: m samples of the line. no_noise: what is less is none;
   louder: so much louder than the line before is loud. */
API FAST int ear_goes_quiet(const float *behind, int n, const float *before, int m, double level, double no_noise,
                            double louder)
{
    const int pieces = n / PIECE;
    double loud = 0, least = INFINITY, all = 0;
    for (int i = 0; i < pieces; i++) {
        double power = energy(behind + i * PIECE, PIECE) / PIECE;
        loud = power > loud ? power : loud;
    }
    if (m > 0 && loud > fmax(0.03 * level * level, louder * energy(before, m) / m))
        return 0;
    double noise = m > 1 ? variance(before, 1, m, m - 1) : 0;
    if (noise < no_noise || pieces < LEAST_PIECES)
        return 0;
    for (int i = 0; i < pieces; i++) {
        double varies = variance(behind, i * PIECE, (i + 1) * PIECE, PIECE);
        least = varies < least ? varies : least, all += varies;
    }
    return least > noise / 5 && all / pieces < fmax(0.004 * level * level, 1.7 * noise);
}
