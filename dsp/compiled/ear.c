/* The ear's innermost loops, for dsp.compiled.kernel: ear_*.c have them, by what they do.

   Everything there is done by numpy as well, to the same result but for the last bits, and is done by it where nobody
   compiled these files (hatch_build.py does). No function keeps anything between two calls but tables of sines, which
   dsp.compiled.kernel has made before anybody asks; a row's result does not depend on the rows beside it. */

#include "ear.h"

#define SOURCE_(x) #x
#define SOURCE(x) SOURCE_(x)

/* The digest of the sources that this was compiled from. */
API const char *ear_source(void) { return SOURCE(EAR_SOURCE); }
