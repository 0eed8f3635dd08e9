/* Where a burst begins and ends. */

#include "ear.h"

/* The value that stands at `place` once the values are in order; they are moved about. */
INLINE float ordered(float *values, int count, int place)
{
    for (int first = 0, last = count - 1; first < last;) {
        float middle = values[(first + last) / 2];
        int i = first, j = last;
        while (i <= j) {
            for (; values[i] < middle; i++) {
            }
            for (; values[j] > middle; j--) {
            }
            if (i <= j) {
                float one = values[i];
                values[i++] = values[j], values[j--] = one;
            }
        }
        if (place <= j)
            last = j;
        else if (place >= i)
            first = i;
        else
            break;
    }
    return values[place];
}

INLINE double median(float *values, int count)
{
    int half = count / 2;
    float upper = ordered(values, count, half);
    if (count % 2)
        return upper;
    float lower = values[0];
    for (int i = 1; i < half; i++)
        lower = lower > values[i] ? lower : values[i];
    return (double)(upper + lower) / 2;
}

INLINE int strongest(const float *strength, int count, int at, int within)
{
    int best = at > within ? at - within : 0, last = at + within + 1 < count ? at + within + 1 : count;
    for (int i = best + 1; i < last; i++)
        if (strength[i] > strength[best])
            best = i;
    return best;
}

/* The strength of some tones over one beat, (count + 1 - window,), of samples, 8 a millisecond, of the tones' turns in
   one, (tones, 2, 8), and of how far they have turned by then, (tones, turns, 2). whole: room for
   2 tones (count + 1). */
INLINE void strengths_of(const float *samples, const float *within, const double *turns, int turns_apart, int tones,
                         int count, int window, double *whole, float *strength)
{
    int wide = count + 1, found = count + 1 - window;
    for (int t = 0; t < tones; t++) {
        double even = 0, odd = 0, *evens = whole + 2 * t * wide, *odds = evens + wide;
        const double *turn = turns + 2 * t * turns_apart;
        const eights of_re = READ(eights, within + 2 * EIGHT * t), of_im = READ(eights, within + 2 * EIGHT * t + EIGHT);
        evens[0] = odds[0] = 0;
        for (int i = 0; i < count; i++) {
            eights x = READ(eights, samples + EIGHT * i);
            double re = across_eight(x * of_re), im = across_eight(x * of_im);
            evens[i + 1] = even += re * turn[2 * i] - im * turn[2 * i + 1];
            odds[i + 1] = odd += re * turn[2 * i + 1] + im * turn[2 * i];
        }
    }
    for (int i = 0; i < found; i++) {
        double total = 0;
        for (int t = 0; t < 2 * tones; t++) {
            double beat = whole[t * wide + i + window] - whole[t * wide + i];
            total += beat * beat;
        }
        strength[i] = (float)(__builtin_sqrt(2 * total) / (window * EIGHT));
    }
}

/* First and last millisecond, and level, of the burst that sounds at `at`, as dsp.bursts.envelope.edges has them. strength:
   room for 2 (count + 1 - window). */
API FAST void ear_edges(const float *samples, const float *within, const double *turns, int turns_apart, int tones,
                        int count, int window, int at, int bridge, double *whole, float *strength, double *edges)
{
    int found = count + 1 - window, loud = 0;
    float *values = strength + found;
    strengths_of(samples, within, turns, turns_apart, tones, count, window, whole, strength);
    int top = strongest(strength, found, at, window), around = strongest(strength, found, at, window + bridge);
    top = strength[top] < strength[around] / 2 ? around : top; /* a hole in the middle of the burst */
    for (int i = 0; i < found; i++)
        if (strength[i] > strength[top] / 2)
            values[loud++] = strength[i];
    double level = loud ? median(values, loud) : 0;
    float least = (float)(level / 2);
    int first = -1, last = -1;
    for (int i = 0; i < found; i++) {
        if (strength[i] <= least)
            continue;
        if (first < 0 || i - last > bridge) {
            if (last >= top)
                break;
            first = i;
        }
        last = i;
    }
    edges[0] = first < 0 ? top : first, edges[1] = first < 0 ? top : last, edges[2] = level;
}
