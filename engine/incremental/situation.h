// What the answer "all of it is up to date" hangs on beside files: the definitions, the caller's
// variables and where programs are found. A few bytes that stand for all definitions, so that a run
// with nothing to do need not read those.
//
// Packed: identity of the definitions (u64, a checksum), count (u32), then the references as texts,
// packed as in definitions.h.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "incremental/programs.h"

namespace ggen::incremental {

// Part of every key: a change of what goes into keys, or of its order, gets a new number.
inline constexpr std::string_view kKeyFormat = "ggen-lua key 1";

// `definitions` as DefinitionsBuilder::finish() made them.
std::string pack_situation(std::string_view definitions);

// Nothing for bytes of somebody else.
std::optional<Digest> digest_situation(std::string_view packed, const Environment& environment,
                                       Programs& programs);

}  // namespace ggen::incremental
