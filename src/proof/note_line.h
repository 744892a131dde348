/* src/proof/note_line.h: what notes and their keys share. Private to the room. */
#ifndef PROOF_NOTE_LINE_H
#define PROOF_NOTE_LINE_H

#include "proof/line.h"

/* Not empty, UTF-8, no Unicode space, no control, no plus. */
bool note_name_valid(struct span name);

#endif
