// Links with all options that change a picture, against a reference that knows the options' description alone: the
// converter does to every source what the link means, by the link and by its canonical form, and links that share a key
// do the same. The converse, of which contract_property_test.cpp has the whole for the plain options, holds but for the
// exceptions that canonical.hpp names.
#include <map>
#include <random>
#include <sstream>

#include "backend/converter/orientation.hpp"
#include "contract/canonical.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/look_reference.hpp"

using namespace thumbgate;
using namespace thumbgate::test;

namespace {

class Writer {
  public:
    explicit Writer(std::uint32_t seed) : random_(seed) {}

    std::string path(LookMeaning& look) {
        std::string text = "/";
        for (std::size_t left = 1 + random_() % 5; left > 0; --left) text += option(look) + '/';
        // What looks for itself cannot be the place of a crop.
        const bool crops = look.crop_width != 0 || look.crop_height != 0;
        if (crops && !look.crop_has_place && look.gravity.gravity == "sm") {
            look.gravity = {};
            text += "g:ce/";
        }
        return text + "plain/photo://a";
    }

    template <typename... Choices>
    std::string text(Choices... choices) {
        return std::string(
            std::array<std::string_view, sizeof...(choices)>{choices...}[random_() % sizeof...(choices)]);
    }

  private:
    std::string number(double& value, std::initializer_list<const char*> choices) {
        const std::string chosen = *(choices.begin() + random_() % choices.size());
        value = std::stod(chosen);
        return chosen;
    }

    std::string flag(bool& value) {
        value = random_() % 2 == 0;
        return value ? text("1", "t", "true") : text("0", "f", "false");
    }

    std::string place(Place& place, bool smart) {
        place = {};
        if (random_() % 4 == 0) {
            place.gravity = "fp";
            std::string written = "fp:" + number(place.x, {"0", "0.5", "0.25", "1"});
            return written + ":" + number(place.y, {"0.5", "0.75", "1.0"});
        }
        place.gravity = text("ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", smart ? "sm" : "ce");
        std::string written = place.gravity;
        if (place.gravity == "sm" || random_() % 2 == 0) return written;
        written += ":" + number(place.x, {"0", "10", "-10", "0.1", "-0.25"});
        return written + ":" + number(place.y, {"0", "20", "0.2", "-20"});
    }

    std::string size(LookMeaning& look) {
        std::string written = number(look.width, {"0", "100", "200", "400"});
        written += ":" + number(look.height, {"0", "100", "200", "300"});
        if (random_() % 2 == 0) return written;
        written += ":" + flag(look.enlarge);
        if (random_() % 2 == 0) return written;
        written += ":" + flag(look.extend);
        look.extend_place = {};
        return random_() % 2 == 0 ? written : written + ":" + place(look.extend_place, false);
    }

    // What an option leaves out stays what it was.
    std::string watermark(LookMeaning& look) {
        std::string written = number(look.opacity, {"0", "1", "0.5", "1.0"});
        if (random_() % 4 == 0) return written;
        look.mark.gravity = text("ce", "no", "so", "ea", "we", "noea", "nowe", "soea", "sowe", "re");
        written += ":" + look.mark.gravity;
        if (random_() % 2 == 0) return written;
        written += ":" + number(look.mark.x, {"0", "10", "-10", "0.1", "-0.25"});
        if (random_() % 2 == 0) return written;
        written += ":" + number(look.mark.y, {"0", "20", "0.2", "-20"});
        if (random_() % 2 == 0) return written;
        return written + ":" + number(look.mark_scale, {"0", "0.5", "2"});
    }

    std::string padding(LookMeaning& look) {
        std::string written = number(look.padding[0], {"0", "10", "4"});
        look.padding = {look.padding[0], look.padding[0], look.padding[0], look.padding[0]};
        if (random_() % 2 == 0) return written;
        written += ":" + number(look.padding[1], {"0", "10", "20"});
        look.padding[3] = look.padding[1];
        if (random_() % 2 == 0) return written;
        return written + "::" + number(look.padding[3], {"10", "30"});
    }

    std::string crop(LookMeaning& look) {
        std::string written = number(look.crop_width, {"0", "100", "0.5", "1000"});
        written += ":" + number(look.crop_height, {"0", "50", "0.25"});
        look.crop_place = {};
        look.crop_has_place = random_() % 2 == 0;
        return look.crop_has_place ? written + ":" + place(look.crop_place, false) : written;
    }

    std::string option(LookMeaning& look);
    std::string encoding(LookMeaning& look);

    std::mt19937 random_;
};

std::string Writer::option(LookMeaning& look) {
    double value = 0;
    switch (random_() % 20) {
        case 0:
        case 1:
        case 2:
            return text("s:", "size:") + size(look);
        case 3:
            look.type = text("fit", "fill", "fill-down", "force", "auto");
            return text("rt:", "resizing_type:") + look.type;
        case 4:
            look.type = text("fit", "fill", "fill-down", "force", "auto");
            return text("rs:", "resize:") + look.type + ":" + size(look);
        case 5:
            return text("mw:", "min-width:") + number(look.min_width, {"0", "100", "300"});
        case 6:
            return text("mh:", "min-height:") + number(look.min_height, {"0", "100", "300"});
        case 7: {
            const std::string written = number(look.zoom_x, {"1", "2", "0.5"});
            look.zoom_y = look.zoom_x;
            if (random_() % 2 == 0) return text("z:", "zoom:") + written;
            return text("z:", "zoom:") + written + ":" + number(look.zoom_y, {"1", "2.0", "0.50"});
        }
        case 8:
            return "dpr:" + number(look.dpr, {"1", "2", "0.5", "1.5"});
        case 9:
            return text("el:", "enlarge:") + flag(look.enlarge);
        case 10:
            look.extend_place = {};
            return text("ex:", "extend:") + flag(look.extend) + ":" + place(look.extend_place, false);
        case 11:
            look.extend_ratio_place = {};
            return text("exar:", "extend_ar:") + flag(look.extend_ratio) + ":" + place(look.extend_ratio_place, false);
        case 12:
            return text("g:", "gravity:") + place(look.gravity, true);
        case 13:
            return text("c:", "crop:") + crop(look);
        case 14:
            return text("pd:", "padding:") + padding(look);
        case 15: {
            const std::string written = number(value, {"0", "90", "180", "270", "450"});
            look.angle = static_cast<int>(value);
            return text("rot:", "rotate:") + written;
        }
        case 16: {
            const std::string written = flag(look.flip_x);
            return text("fl:", "flip:") + written + ":" + flag(look.flip_y);
        }
        case 17:
            return text("ar:", "auto_rotate:") + flag(look.auto_rotate);
        default:
            return encoding(look);
    }
}

std::string Writer::encoding(LookMeaning& look) {
    double value = 0;
    switch (random_() % 10) {
        case 0:
            look.background = text("", "ff0000", "00ff00");
            if (look.background == "ff0000" && random_() % 2 == 0) return "bg:255:0:0";
            return text("bg:", "background:") + look.background;
        case 1:
            return text("bl:", "blur:") + number(look.blur, {"0", "2", "2.5"});
        case 2:
            return text("sh:", "sharpen:") + number(look.sharpen, {"0", "0.5", "1"});
        case 3: {
            const std::string written = number(value, {"0", "1", "8"});
            look.pixelate = static_cast<int>(value);
            return text("pix:", "pixelate:") + written;
        }
        case 4: {
            const std::string format = text("jpeg", "webp", "avif", "png", "gif", "jxl");
            const std::string written = number(value, {"0", "50", "70"});
            look.format_quality[format] = static_cast<int>(value);
            return text("fq:", "format_quality:") + format + ":" + written;
        }
        case 5: {
            const std::string written = number(value, {"0", "10000"});
            look.max_bytes = static_cast<int>(value);
            return text("mb:", "max_bytes:") + written;
        }
        case 6: {
            look.trim = text("0", "10", "10:ff0000", "10::1:0", "10:ff0000:0:1");
            return text("t:", "trim:") + look.trim + (look.trim == "10" ? text("", ":", "::", ":::0") : "");
        }
        case 8:
            return text("wm:", "watermark:") + watermark(look);
        case 7:
            return text("kcr:", "keep_copyright:") + flag(look.copyright);
        default:
            look.format = text("jpeg", "webp", "avif", "png", "gif", "jxl");
            return text("f:", "format:") + look.format;
    }
}

struct Sides {
    double width;
    double height;
};
constexpr std::array<Sides, 18> kSources{{{80, 50},
                                          {151, 99},
                                          {100, 400},
                                          {300, 300},
                                          {640, 480},
                                          {1001, 700},
                                          {480, 1203},
                                          {2000, 1500},
                                          {1500, 2999},
                                          {8000, 301},
                                          {299, 8000},
                                          {3001, 60},
                                          {61, 3000},
                                          {21, 20},
                                          {5000, 5001},
                                          {1203, 597},
                                          {260, 12000},
                                          {12000, 260}}};

// The place of a watermark, and how large it may be.
std::string mark_of(const LookMeaning& look, const Effect& effect) {
    if (look.opacity == 0) return {};
    std::ostringstream text;
    const bool is_tiled = look.mark.gravity == "re";
    const auto offset = [&](double written, double side) {
        if (is_tiled && written < 0) return 0.0;
        return std::abs(written) >= 1 ? written * effect.density : written * side;
    };
    text << look.mark.gravity << ' ' << offset(look.mark.x, effect.canvas_width) << ' '
         << offset(look.mark.y, effect.canvas_height) << ' ' << look.mark_scale << ' ' << look.opacity << ' ';
    return text.str();
}

std::string geometry_of(const LookMeaning& look) {
    std::ostringstream text;
    const auto print = [&](const Box& box) {
        text << box.left << ' ' << box.top << ' ' << box.width << ' ' << box.height << ", ";
    };
    for (const auto& [width, height] : kSources) {
        const Effect effect = effect_of(look, width, height);
        print(effect.used);
        text << effect.scaled_width << ' ' << effect.scaled_height << (effect.smart ? " smart " : " ");
        print(effect.kept);
        print(effect.placed);
        text << effect.canvas_width << ' ' << effect.canvas_height << ' ' << mark_of(look, effect) << "; ";
    }
    for (const int exif : {1, 6}) {
        for (const std::string& row : turned_letters(look, exif)) text << row << '/';
    }
    return text.str();
}

// `accepted`: webp, where no format is named.
std::string encoding_of(const LookMeaning& look) {
    std::ostringstream text;
    text << look.background << " blur " << look.blur << " sharpen " << look.sharpen << " blocks "
         << std::max(look.pixelate, 1) << " trim " << look.trim << " by " << look.copyright << " as " << look.format;
    const bool named = !look.format.empty();
    for (const std::string format : {"jpeg", "webp", "avif", "png", "gif", "jxl"}) {
        const bool possible = named ? look.format == format : format == "jpeg" || format == "webp";
        if (!possible || format == "png" || format == "gif") continue;
        const auto of_format = look.format_quality.find(format);
        const int quality = look.quality != 0                        ? look.quality
                            : of_format == look.format_quality.end() ? 0
                                                                     : of_format->second;
        text << ' ' << format << ' ' << quality
             << (format == "avif" || format == "jxl" ? "" : " " + std::to_string(look.max_bytes));
    }
    return text.str();
}

Size size_of(Sides sides) {
    return {static_cast<std::uint64_t>(sides.width), static_cast<std::uint64_t>(sides.height)};
}

bool same(const Area& area, const Box& box) {
    const auto is = [](std::uint64_t pixels, double expected) { return static_cast<double>(pixels) == expected; };
    return is(area.left, box.left) && is(area.top, box.top) && is(area.size.width, box.width) &&
           is(area.size.height, box.height);
}

bool is_right(const Plan& plan, const Effect& effect) {
    return same(plan.used, effect.used) && plan.crop_by_content == effect.smart &&
           same({plan.left, plan.top, plan.result}, effect.kept) &&
           same({plan.canvas_left, plan.canvas_top, plan.result}, effect.placed) &&
           same({0, 0, plan.scaled}, {0, 0, effect.scaled_width, effect.scaled_height}) &&
           same({0, 0, plan.canvas}, {0, 0, effect.canvas_width, effect.canvas_height});
}

// The exceptions, of reduced looks: see canonical.hpp.
bool may_coincide(const Look& look) {
    using enum ResizingType;
    const auto has_offset = [](const Anchor& anchor) { return anchor.x != 0 || anchor.y != 0; };
    const bool sized = look.width != 0 || look.height != 0;
    const bool crops_pixels = look.crop_width >= kPlaceUnit || look.crop_height >= kPlaceUnit;
    const bool extends = look.extend || look.extend_aspect_ratio;
    const bool has_minimum = look.min_width != 0 || look.min_height != 0;
    const bool has_anchor = extends || look.gravity != Anchor{};
    const bool counts_pixels = look.padding != Padding{} || look.watermark.place.counts_pixels();
    return has_minimum || look.zoom_x != look.zoom_y || (look.zoom_x < kDprUnit && counts_pixels) ||
           (crops_pixels && sized) || has_offset(look.crop_gravity) || has_offset(look.extend_gravity) ||
           (look.resizing_type == automatic && has_anchor) ||
           (look.resizing_type == fill_down && look.dpr != kDprUnit) ||
           ((look.resizing_type == force || look.resizing_type == fill_down) && look.extend_aspect_ratio);
}

}  // namespace

TEST_CASE("the converter does to every source what a link with any options means, and what its canonical form does") {
    Writer writer(20260101);
    for (int i = 0; i < 30'000; ++i) {
        LookMeaning meaning;
        const std::string path = writer.path(meaning);
        const auto link = parse_link(path, Presets{});
        if (!link) FAIL(path << ": " << link.error().detail);
        const Look reduced = reduce(*link, FormatSet{}).options;
        for (const Sides source : kSources) {
            const Plan plan = make_plan(link->options, size_of(source));
            const bool right = is_right(plan, effect_of(meaning, source.width, source.height));
            if (!right || make_plan(reduced, size_of(source)) != plan) {
                FAIL_CHECK(path << " of " << source.width << " x " << source.height << ": used " << plan.used.size.width
                                << " x " << plan.used.size.height << " scaled " << plan.scaled.width << " x "
                                << plan.scaled.height << " kept " << plan.result.width << " x " << plan.result.height
                                << " at " << plan.left << ", " << plan.top << " canvas " << plan.canvas.width << " x "
                                << plan.canvas.height << " at " << plan.canvas_left << ", " << plan.canvas_top);
            }
        }
    }
}

TEST_CASE("links with any options share a key if and only if they do the same, but for the exceptions there are") {
    Writer writer(20260102);
    std::map<std::string, std::pair<std::string, std::string>> by_key;
    std::map<std::string, std::map<std::string, Look>> keys_of;
    const FormatSet accepted = FormatSet{}.with(Format::webp);
    for (int i = 0; i < 30'000; ++i) {
        LookMeaning meaning;
        const std::string path = writer.path(meaning);
        const auto link = parse_link(path, Presets{});
        if (!link) FAIL(path << ": " << link.error().detail);
        const Conversion conversion = reduce(*link, accepted);
        const std::string key = canonical_form(conversion);
        const auto again = parse_canonical(key);
        if (!again || *again != conversion) FAIL_CHECK(path << " became " << key);
        const auto on = parse_link(canonical_path(*link), Presets{});
        if (!on || reduce(*on, accepted) != conversion) FAIL_CHECK(path << " became " << canonical_path(*link));
        const std::string does = geometry_of(meaning) + encoding_of(meaning);
        const auto& [known, of_key] = by_key.try_emplace(key, does, path).first->second;
        if (known != does) FAIL_CHECK("one key, two conversions: " << key << "\n  " << path << "\n  " << of_key);
        keys_of[does].emplace(key, conversion.options);
    }
    for (const auto& [does, keys] : keys_of) {
        const auto is_plain = [](const auto& entry) { return !may_coincide(entry.second); };
        if (std::ranges::count_if(keys, is_plain) < 2) continue;
        std::string all;
        for (const auto& [key, look] : keys) all += "\n  " + key;
        FAIL_CHECK("one conversion, several keys:" << all);
    }
    INFO(by_key.size() << " keys, " << keys_of.size() << " conversions");
    CHECK(by_key.size() > 5'000);
    CHECK(by_key.size() < 25'000);
    const auto is_plain = [](const auto& entry) {
        return std::ranges::none_of(entry.second, [](const auto& of_key) { return may_coincide(of_key.second); });
    };
    CHECK(std::ranges::count_if(keys_of, is_plain) > 4'000);
}

TEST_CASE("an orientation turns and mirrors as EXIF and the link say, one step after the other") {
    for (int exif = 1; exif <= 8; ++exif) {
        for (const int angle : {0, 90, 180, 270}) {
            for (int flips = 0; flips < 8; ++flips) {
                LookMeaning meaning;
                meaning.angle = angle;
                meaning.flip_x = (flips & 1) != 0, meaning.flip_y = (flips & 2) != 0, meaning.auto_rotate = flips < 4;
                Look look;
                look.quarter_turns = static_cast<std::uint8_t>(angle / 90);
                look.flip_horizontally = meaning.flip_x, look.flip_vertically = meaning.flip_y;
                look.auto_rotate = meaning.auto_rotate;
                const Orientation orientation = orientation_of(look, exif);
                const auto rows = turned_letters(meaning, exif);
                const Size stored{3, 2};
                CAPTURE(exif, angle, flips);
                REQUIRE(oriented(orientation, stored) == Size{rows[0].size(), rows.size()});
                for (std::uint64_t y = 0; y < rows.size(); ++y) {
                    for (std::uint64_t x = 0; x < rows[0].size(); ++x) {
                        const Area pixel = stored_area(orientation, {x, y, {1, 1}}, stored);
                        CHECK("abcdef"[pixel.top * 3 + pixel.left] == rows[y][x]);
                    }
                }
            }
        }
    }
}
