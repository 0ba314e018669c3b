// Accept headers: an answer within what is offered, whatever the header is.
#include <string>

#include "contract/formats.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace thumbgate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string header(text_of(data, size));
    const FormatSet both = FormatSet{}.with(Format::avif).with(Format::webp);
    const FormatSet accepted = accepted_formats(header, both);
    expect(FormatSet::from_token(accepted.token()) == accepted);
    expect(accepted_formats(header, FormatSet{}.with(Format::webp)) == (accepted & FormatSet{}.with(Format::webp)));
    expect(accepted_formats(header, FormatSet{}).empty());
    // A member more takes nothing away.
    expect(accepted_formats(header + ",image/webp", both) == accepted.with(Format::webp));
    FormatSet::from_token(header);
    return 0;
}
