// Sizes in the messages of failed assertions.
#pragma once

#include <ostream>

#include "backend/converter/geometry.hpp"

namespace thumbgate {

// Where Catch2 looks for it.
inline std::ostream& operator<<(std::ostream& out, const Size& size) {
    return out << size.width << " x " << size.height;
}

}  // namespace thumbgate
