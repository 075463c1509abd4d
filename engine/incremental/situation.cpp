// SPDX-License-Identifier: MIT
#include "incremental/situation.h"

#include "base/pack.h"
#include "hash/checksum.h"
#include "hash/sha256.h"

namespace ggen::incremental {

std::string pack_situation(std::string_view definitions) {
  Packer out;
  out.number(hash::checksum(definitions));
  auto view = Definitions::open(definitions);
  GGEN_BUG_IF(!view, "a situation of what are no definitions");
  out.number(static_cast<std::uint32_t>(view->reference_count()));
  for (std::uint32_t i = 0; i < view->reference_count(); ++i) out.text(view->packed_references(i));
  return out.take();
}

std::optional<Digest> digest_situation(std::string_view packed, const Environment& environment,
                                       Programs& programs) {
  Unpacker in(packed);
  Packer out;
  out.raw(kKeyFormat);
  out.number(in.number<std::uint64_t>());
  const auto count = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && in.good(); ++i) {
    const References references = unpack_references(in.text());
    for (const std::string& name : references.variables) {
      const auto value = environment(name);
      out.text(name);
      out.number(static_cast<std::uint8_t>(value ? 1 : 0));
      out.text(value.value_or(""));
    }
    for (const Tool& tool : references.tools) out.text(programs.find(tool));
  }
  if (!in.at_end()) return std::nullopt;
  return hash::sha256(out.bytes());
}

}  // namespace ggen::incremental
