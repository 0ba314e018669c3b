// What a person calls the device behind a User-Agent. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace thumbgate {

// "Firefox on Linux", "Safari on iPhone", "curl"; "Unknown device" for what says nothing. Chosen from fixed words, so
// that nothing of a hostile header gets into a page.
std::string describe_device(std::string_view user_agent);

}  // namespace thumbgate
