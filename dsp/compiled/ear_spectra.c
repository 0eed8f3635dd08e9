/* Spectra. */

#include "ear.h"

/* A complex transform of `size` points, Stockham's, four at a time; turns: e^(-2 pi i k / size), (size, 2) as two rows.
   The first stage's own turns lie one behind another: its lanes go over them. */
typedef struct {
    int size;
    float cosines[MOST_LINES], sines[MOST_LINES], firsts[6][MOST_LINES / 4];
    float real_cosines[MOST_LINES], real_sines[MOST_LINES];
} Turns;

static Turns tables[4];

API void ear_tables(void)
{
    const int sizes[4] = {256, 2048, 4096, 512};
    for (int t = 0; t < 4; t++) {
        Turns *turns = &tables[t];
        int size = sizes[t];
        for (int k = 0; k < size; k++) {
            turns->cosines[k] = (float)cos(2 * M_PI * k / size), turns->sines[k] = (float)-sin(2 * M_PI * k / size);
            turns->real_cosines[k] = (float)cos(M_PI * k / size), turns->real_sines[k] = (float)-sin(M_PI * k / size);
        }
        for (int k = 0; k < size / 4; k++)
            for (int j = 0; j < 3; j++) {
                turns->firsts[2 * j][k] = turns->cosines[(j + 1) * k];
                turns->firsts[2 * j + 1][k] = turns->sines[(j + 1) * k];
            }
        turns->size = size;
    }
}

/* Sums and differences of the four quarters' values, of some lanes at once. */
#define FOUR(T, R, I, APART)                                                                                           \
    T r0 = READ(T, R), r1 = READ(T, R + APART), r2 = READ(T, R + 2 * APART), r3 = READ(T, R + 3 * APART);              \
    T i0 = READ(T, I), i1 = READ(T, I + APART), i2 = READ(T, I + 2 * APART), i3 = READ(T, I + 3 * APART);              \
    T pr = r0 + r2, pi = i0 + i2, mr = r0 - r2, mi = i0 - i2, qr = r1 + r3, qi = i1 + i3, nr = i3 - i1, ni = r1 - r3;  \
    T ar = mr - nr, ai = mi - ni, br = pr - qr, bi = pi - qi, cr = mr + nr, ci = mi + ni

/* The first stage: lanes go over the values themselves, and what belongs together is put side by side. */
INLINE void beside(float *to, fours a, fours b, fours c, fours d)
{
    fours low = __builtin_shuffle(a, b, (four_ints){0, 4, 1, 5}), high = __builtin_shuffle(a, b, (four_ints){2, 6, 3, 7});
    fours lower = __builtin_shuffle(c, d, (four_ints){0, 4, 1, 5}), higher = __builtin_shuffle(c, d, (four_ints){2, 6, 3, 7});
    AT(fours, to) = __builtin_shuffle(low, lower, (four_ints){0, 1, 4, 5});
    AT(fours, to + 4) = __builtin_shuffle(low, lower, (four_ints){2, 3, 6, 7});
    AT(fours, to + 8) = __builtin_shuffle(high, higher, (four_ints){0, 1, 4, 5});
    AT(fours, to + 12) = __builtin_shuffle(high, higher, (four_ints){2, 3, 6, 7});
}

INLINE void first_stage(const Turns *w, int apart, const float *re, const float *im, float *to_re, float *to_im)
{
    int m = w->size / 4;
    for (int p = 0; p < m; p += 4) {
        int to = 4 * p + 4 * p / m * (apart - m);
        const float *r = re + p, *i = im + p;
        FOUR(fours, r, i, apart);
        fours c1 = READ(fours, w->firsts[0] + p), s1 = READ(fours, w->firsts[1] + p);
        fours c2 = READ(fours, w->firsts[2] + p), s2 = READ(fours, w->firsts[3] + p);
        fours c3 = READ(fours, w->firsts[4] + p), s3 = READ(fours, w->firsts[5] + p);
        beside(to_re + to, pr + qr, ar * c1 - ai * s1, br * c2 - bi * s2, cr * c3 - ci * s3);
        beside(to_im + to, pi + qi, ar * s1 + ai * c1, br * s2 + bi * c2, cr * s3 + ci * c3);
    }
}

/* A quarter lies `apart` behind the one before it, and is written so where `parted`: powers of two apart they would all
   fall into one place of the processor's nearest memory. */
#define STAGE(NAME, T, WIDE)                                                                                           \
    INLINE void NAME(const Turns *w, int n, int s, int apart, int parted, const float *re, const float *im,            \
                     float *to_re, float *to_im)                                                                       \
    {                                                                                                                  \
        int m = n / 4, step = w->size / n, quarter = w->size / 4;                                                    \
        for (int p = 0; p < m; p++) {                                                                                  \
            const float c1 = w->cosines[p * step], s1 = w->sines[p * step];                                            \
            const float c2 = w->cosines[2 * p * step], s2 = w->sines[2 * p * step];                                    \
            const float c3 = w->cosines[3 * p * step], s3 = w->sines[3 * p * step];                                    \
            int to = 4 * s * p + (parted ? 4 * s * p / quarter * (apart - quarter) : 0);                               \
            for (int q = 0; q < s; q += WIDE) {                                                                        \
                const float *r = re + s * p + q, *i = im + s * p + q;                                                  \
                float *tr = to_re + to + q, *ti = to_im + to + q;                                                      \
                FOUR(T, r, i, apart);                                                                                  \
                AT(T, tr) = pr + qr, AT(T, ti) = pi + qi;                                                              \
                AT(T, tr + s)         = ar * c1 - ai * s1, AT(T, ti + s)         = ar * s1 + ai * c1;                      \
                AT(T, tr + 2 * s)         = br * c2 - bi * s2, AT(T, ti + 2 * s)         = br * s2 + bi * c2;              \
                AT(T, tr + 3 * s)         = cr * c3 - ci * s3, AT(T, ti + 3 * s)         = cr * s3 + ci * c3;              \
            }                                                                                                          \
        }                                                                                                              \
    }

STAGE(second_stage, fours, 4)
STAGE(stage, floats, LANES)

INLINE void last_of_two(int s, const float *restrict re, const float *restrict im, float *restrict to_re,
                        float *restrict to_im)
{
    for (int q = 0; q < s; q++) {
        to_re[q] = re[q] + re[q + s], to_im[q] = im[q] + im[q + s];
        to_re[q + s] = re[q] - re[q + s], to_im[q + s] = im[q] - im[q + s];
    }
}

/* Powers of the real transform's lines 0 to size, out of the complex one of its even and odd samples. */
INLINE void real_powers(const Turns *w, const float *restrict re, const float *restrict im, float *restrict power)
{
    int size = w->size;
    power[0] = (re[0] + im[0]) * (re[0] + im[0]);
    power[size] = (re[0] - im[0]) * (re[0] - im[0]);
    for (int k = 1; k < size; k++) {
        float er = 0.5f * (re[k] + re[size - k]), ei = 0.5f * (im[k] - im[size - k]);
        float or_ = 0.5f * (im[k] + im[size - k]), oi = 0.5f * (re[size - k] - re[k]);
        float c = w->real_cosines[k], s = w->real_sines[k];
        float xr = er + or_ * c - oi * s, xi = ei + or_ * s + oi * c;
        power[k] = xr * xr + xi * xi;
    }
}

/* Rows of n samples, `stride` apart, each times a window (n,) and zeros up to 2 size: powers of lines [low, high),
   (count, high - low); where their sums are asked for, (count,), of all lines, (count, size + 1). */
API FAST void ear_powers(const float *rows, int stride, int count, int n, const float *window, int size, int low,
                         int high, float *powers, double *sums)
{
    const Turns *w = &tables[size == 256 ? 0 : size == 512 ? 3 : size == 2048 ? 1 : 2];
    const int quarter = size / 4, apart = quarter + (size == MOST_LINES ? LANES : 0);
    float re[2][MOST_LINES + 4 * LANES], im[2][MOST_LINES + 4 * LANES], power[MOST_LINES + 1];
    for (int row = 0; row < count; row++, rows += stride) {
        for (int part = 0; part < 4; part++) {
            float *r = re[0] + part * apart, *i = im[0] + part * apart;
            const float *from = rows + 2 * part * quarter, *by = window + 2 * part * quarter;
            int left = n - 2 * part * quarter, pairs = left < 2 ? 0 : left / 2 < quarter ? left / 2 : quarter;
            for (int k = 0; k < pairs; k++)
                r[k] = from[2 * k] * by[2 * k], i[k] = from[2 * k + 1] * by[2 * k + 1];
            memset(r + pairs, 0, sizeof(float) * (size_t)(quarter - pairs));
            memset(i + pairs, 0, sizeof(float) * (size_t)(quarter - pairs));
            if (pairs < quarter && left > 0 && left % 2)
                r[pairs] = from[2 * pairs] * by[2 * pairs];
        }
        first_stage(w, apart, re[0], im[0], re[1], im[1]);
        int at = 1, s = 4, left = quarter;
        for (; left >= 4; left /= 4, s *= 4, at ^= 1) {
            if (s == 4)
                second_stage(w, left, 4, apart, 1, re[at], im[at], re[at ^ 1], im[at ^ 1]);
            else
                stage(w, left, s, apart, left > 4, re[at], im[at], re[at ^ 1], im[at ^ 1]);
        }
        if (left == 2) {
            last_of_two(s, re[at], im[at], re[at ^ 1], im[at ^ 1]);
            at ^= 1;
        }
        float *all = sums ? powers + row * (size + 1) : power;
        real_powers(w, re[at], im[at], all);
        if (sums)
            sums[row] = sum(all, size + 1, low, high);
        else
            memcpy(powers + row * (high - low), power + low, sizeof(float) * (size_t)(high - low));
    }
}
