/* scratch.h - local arrays that are filled before they are read.  Thread: any.
 * We let gcc clear every local (-ftrivial-auto-var-init=zero); where a large one is written in full, or as far as it is read,
 * clearing it first can cost more than the work. Only for arrays of plain numbers and bytes. */
#ifndef MCU_BASE_SCRATCH_H
#define MCU_BASE_SCRATCH_H

#define MCU_SCRATCH __attribute__((uninitialized))

#endif
