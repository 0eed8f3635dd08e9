/* Which set of tones may sound in each frame of a stretch. */

#include "ear.h"

enum { MOST_BINS = 257, MOST_SETS = 256, SIDE_BY_SIDE = 3 };

typedef struct {
    int32_t wide, side, low, high, sets, spans;
    const float *window, *shares;
    const int32_t *places;
    float faintest, share, silent;
} Asked;

INLINE int is_loud(const float *frame, const Asked *asked)
{
    floats power = {0};
    for (int k = 0; k < asked->wide; k += LANES)
        power += READ(floats, frame + k) * READ(floats, frame + k);
    float whole = 0;
    for (int k = 0; k < LANES; k++)
        whole += power[k];
    return whole > asked->silent;
}

/* Frames of `wide` samples, `side` of them a step: what may sound in them, (steps, side), -1: nothing; and how strongly,
   0 where no step's frame has anything of it. Places are (set, first, last) of lines from `low` on; the last set is the
   whole band. */
API FAST void ear_find(const float *frames, int step, int frame, int steps, const Asked *asked, int32_t *found, float *powers)
{
    float lines[MOST_BINS], strengths[MOST_SETS];
    const int sets = asked->sets, wide = asked->high - asked->low;
    for (int s = 0; s < steps; s++, frames += step, found += asked->side, powers += asked->side) {
        int loud = 0, may = 0;
        for (int i = 0; i < asked->side; i += SIDE_BY_SIDE)
            loud |= is_loud(frames + i * frame, asked);
        for (int i = 0; i < asked->side; i++) {
            found[i] = -1, powers[i] = 0;
            if (!loud)
                continue;
            ear_powers(frames + i * frame, 0, 1, asked->wide, asked->window, asked->wide / 2, asked->low, asked->high,
                       lines, 0);
            memset(strengths, 0, sizeof(float) * (size_t)(sets + 1));
            for (int p = 0; p < asked->spans; p++) {
                const int32_t *place = asked->places + 3 * p;
                strengths[place[0]] += (float)sum(lines, wide, place[1], place[2]);
            }
            int best = 0;
            for (int k = 1; k < sets; k++)
                if (strengths[k] > strengths[best])
                    best = k;
            float top = strengths[best], band = strengths[sets];
            powers[i] = top;
            if (top > asked->faintest && top > asked->share * band) {
                may = 1;
                if (top > asked->shares[best] * band)
                    found[i] = best;
            }
        }
        if (!may)
            memset(powers, 0, sizeof(float) * (size_t)asked->side);
    }
}
