/* base/base.h: the ground. Memory, bytes, text, clock, files, packed input, hashes, secrets, JSON.
 *
 * The face of this room, for whoever wants all of it. It has never heard of opt-outs.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/input.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

#endif
