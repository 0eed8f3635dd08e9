/* Fits of tones: what of some samples they explain, and where they end. */

#include "ear.h"

typedef struct {
    int tones;
    double turns[MOST_TONES], trace, square[4 * MOST_TONES * MOST_TONES];
} Normal;

INLINE void turned(double turn, int n, double *even, double *odd)
{
    double half = sin(turn / 2);
    *even = n, *odd = 0;
    if (fabs(half) >= 1e-12) {
        double size = sin(n * turn / 2) / half, middle = (n - 1) * turn / 2;
        *even = size * cos(middle), *odd = size * sin(middle);
    }
}

/* What each tone's cosine and sine make of each other's over n samples, and a trace: its Cholesky factor. */
INLINE void normal(const double *tones, int count, int n, Normal *to)
{
    int wide = 2 * count;
    double *a = to->square;
    to->tones = count, to->trace = 1e-4 * n + 1e-9;
    for (int i = 0; i < count; i++)
        to->turns[i] = 2 * M_PI * tones[i] / 8000;
    for (int i = 0; i < count; i++)
        for (int j = 0; j <= i; j++) {
            double even, odd, evens, odds;
            turned(to->turns[i] - to->turns[j], n, &even, &odd);
            turned(to->turns[i] + to->turns[j], n, &evens, &odds);
            a[2 * i * wide + 2 * j] = (evens + even) / 2, a[2 * i * wide + 2 * j + 1] = (odds - odd) / 2;
            a[(2 * i + 1) * wide + 2 * j] = (odds + odd) / 2, a[(2 * i + 1) * wide + 2 * j + 1] = (even - evens) / 2;
        }
    for (int i = 0; i < wide; i++)
        a[i * wide + i] += to->trace;
    for (int i = 0; i < wide; i++)
        for (int j = 0; j <= i; j++) {
            double rest = a[i * wide + j];
            for (int k = 0; k < j; k++)
                rest -= a[i * wide + k] * a[j * wide + k];
            a[i * wide + j] = i == j ? sqrt(rest) : rest / a[j * wide + j];
        }
}

INLINE void solve(const Normal *of, const double *seen, double *strengths)
{
    int wide = 2 * of->tones;
    const double *a = of->square;
    for (int i = 0; i < wide; i++) {
        strengths[i] = seen[i];
        for (int k = 0; k < i; k++)
            strengths[i] -= a[i * wide + k] * strengths[k];
        strengths[i] /= a[i * wide + i];
    }
    for (int i = wide - 1; i >= 0; i--) {
        for (int k = i + 1; k < wide; k++)
            strengths[i] -= a[k * wide + i] * strengths[k];
        strengths[i] /= a[i * wide + i];
    }
}

INLINE void eight_of(double turn, doubles *cosines, doubles *sines)
{
    for (int k = 0; k < EIGHT; k++)
        (*cosines)[k] = cos(turn * k), (*sines)[k] = sin(turn * k);
}

/* What some samples have in common with each tone's cosine and sine; a tone's phase is 0 at the first. */
INLINE double seen_of(const float *samples, int step, int n, const Normal *of, double *seen)
{
    doubles power = {0};
    int count = of->tones;
    doubles cosines[MOST_TONES], sines[MOST_TONES], evens[MOST_TONES], odds[MOST_TONES];
    double by_c[MOST_TONES], by_s[MOST_TONES];
    for (int t = 0; t < count; t++) {
        eight_of(of->turns[t], &cosines[t], &sines[t]);
        evens[t] = odds[t] = (doubles){0};
        by_c[t] = cos(of->turns[t] * EIGHT), by_s[t] = sin(of->turns[t] * EIGHT);
    }
    for (int at = 0; at < n; at += EIGHT) {
        doubles x = {0};
        if (step == 1 && at + EIGHT <= n)
            x = __builtin_convertvector(*(const eights *)(samples + at), doubles);
        else
            for (int k = 0; k < EIGHT && at + k < n; k++)
                x[k] = samples[(at + k) * step];
        power += x * x;
        for (int t = 0; t < count; t++) {
            evens[t] += x * cosines[t], odds[t] += x * sines[t];
            doubles next = cosines[t] * by_c[t] - sines[t] * by_s[t];
            sines[t] = sines[t] * by_c[t] + cosines[t] * by_s[t];
            cosines[t] = next;
        }
    }
    for (int t = 0; t < count; t++)
        seen[2 * t] = across(evens[t]), seen[2 * t + 1] = across(odds[t]);
    return across(power);
}

/* strengths, told and energy, as dsp.bursts.tone_fit._fitted has them; the piece's power is given back. */
INLINE double fitted(const float *samples, int step, int n, const Normal *of, double *strengths, double *told, double *energy)
{
    double seen[2 * MOST_TONES], own = 0;
    double power = seen_of(samples, step, n, of, seen);
    solve(of, seen, strengths);
    *told = 0;
    for (int i = 0; i < 2 * of->tones; i++)
        *told += strengths[i] * seen[i], own += strengths[i] * strengths[i];
    *energy = *told - of->trace * own;
    return power;
}

/* Share of the energy of each of m rows of n samples, `stride` apart, that some tones account for. */
API FAST void ear_explained(const float *rows, int stride, int m, int n, const double *tones, int count, double *shares)
{
    Normal of;
    normal(tones, count, n, &of);
    for (int i = 0; i < m; i++, rows += stride) {
        double strengths[2 * MOST_TONES], told, energy;
        double power = fitted(rows, 1, n, &of, strengths, &told, &energy);
        shares[i] = power > 0 ? energy / power : 0;
    }
}

/* How many of `most` pieces of n samples, each `step` behind the last, come before the first that is as loud as
   `power` a sample, and of which some tones account for more than a share. */
API FAST int ear_inwards(const float *piece, int step, int most, int n, const double *tones, int count, double power,
                         double share)
{
    Normal of;
    normal(tones, count, n, &of);
    for (int i = 0; i < most; i++, piece += step) {
        double strengths[2 * MOST_TONES], told, energy;
        double whole = fitted(piece, 1, n, &of, strengths, &told, &energy);
        if (whole > power * n && energy > share * whole)
            return i;
    }
    return most;
}

/* The last but one of `count` pieces of n samples, n a multiple of 8, in which `wide` waves, (wide, n), each of
   length 1 and square to the others, are fainter than `power` a sample, where it lies beside the last such; -1: it does not. */
API FAST int ear_last_hole(const float *samples, int count, int n, const double *waves, int wide, double power)
{
    int holes = 0;
    for (int i = count - 1; i >= 0; i--) {
        double found = 0;
        for (int w = 0; w < wide; w++) {
            doubles common = {0};
            for (int k = 0; k < n; k += EIGHT)
                common += __builtin_convertvector(READ(eights, samples + i * n + k), doubles)
                          * READ(doubles, waves + w * n + k);
            found += across(common) * across(common);
        }
        if (found < power * n) {
            if (holes++)
                return i;
        } else if (holes)
            break;
    }
    return -1;
}

/* The place of an edge, as dsp.bursts.sharp_edges.sharpen has it: `inner` samples are fitted, from `search` on the tones
   are carried on and held against the samples, of which there are n, each `step` behind the last. -1: no tone. */
API FAST int ear_sharpen(const float *samples, int step, int n, int inner, int search, const double *tones, int count)
{
    Normal of;
    double strengths[2 * MOST_TONES], told, energy, gain = 0, least = INFINITY;
    int best = -1;
    normal(tones, count, inner, &of);
    double power = fitted(samples, step, inner, &of, strengths, &told, &energy);
    if (power == 0 || power - 2 * told + energy > 0.5 * power)
        return -1;
    double c[MOST_TONES], s[MOST_TONES], by_c[MOST_TONES], by_s[MOST_TONES];
    for (int t = 0; t < count; t++) {
        c[t] = cos(of.turns[t] * search), s[t] = sin(of.turns[t] * search);
        by_c[t] = cos(of.turns[t]), by_s[t] = sin(of.turns[t]);
    }
    for (int at = search; at < n; at++) {
        double model = 0, x = samples[at * step];
        for (int t = 0; t < count; t++) {
            model += strengths[2 * t] * c[t] + strengths[2 * t + 1] * s[t];
            double next = c[t] * by_c[t] - s[t] * by_s[t];
            s[t] = s[t] * by_c[t] + c[t] * by_s[t];
            c[t] = next;
        }
        gain += model * (model - 2 * x);
        if (gain < least)
            least = gain, best = at - search;
    }
    return best;
}
