// The fonts that texts in drawings are set in.
#pragma once

#include <string>
#include <vector>

namespace thumbgate {

// Makes fontconfig read its configuration and what it knows of every font, once and for all forked from this process:
// from then on a font's own file alone is opened, when it is first drawn with. The folders that those files are in.
// One whose file is a link to somewhere else will not be found.
std::vector<std::string> load_fonts();

}  // namespace thumbgate
