// What a look does to a picture, computed from the description of each option in floating point, without the contract's
// and the converter's code. Sizes in links are chosen so that no product with a zoom or a dpr needs rounding.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace thumbgate::test {

struct Place {
    std::string gravity = "ce";
    double x = 0;
    double y = 0;
};

struct LookMeaning {
    std::string type = "fit";
    double width = 0, height = 0, min_width = 0, min_height = 0;
    double zoom_x = 1, zoom_y = 1, dpr = 1;
    bool enlarge = false, extend = false, extend_ratio = false;
    Place gravity, extend_place, extend_ratio_place, crop_place;
    bool crop_has_place = false;
    double crop_width = 0, crop_height = 0;
    bool auto_rotate = true, flip_x = false, flip_y = false;
    int angle = 0;
    std::array<double, 4> padding{};  // top, right, bottom, left
    std::string background;
    std::string trim;  // of the source, and so of no matter to the geometry of what is left
    bool copyright = false;
    double blur = 0, sharpen = 0;
    int pixelate = 0;
    double opacity = 0, mark_scale = 0;
    Place mark;  // "re" for tiles
    int quality = 0;
    std::map<std::string, int> format_quality;
    int max_bytes = 0;
    std::string format;
};

struct Box {
    double left = 0, top = 0, width = 0, height = 0;
};

struct Effect {
    Box used;  // of the source as it is shown
    double scaled_width, scaled_height;
    Box kept;    // of that
    bool smart;  // then where is not known
    Box placed;  // the kept part on the canvas
    double canvas_width, canvas_height;
    double density;  // pixels of an offset that counts in pixels of dpr 1
};

inline double to_pixel(double value) {
    return std::floor(value + .5 + 1e-9);
}
inline double at_least_one(double value) {
    return std::max(1.0, to_pixel(value));
}

inline double along(double outer, double inner, bool start, bool end, double offset, double dpr, bool focus) {
    const double spare = outer - inner;
    if (focus) return std::clamp(to_pixel(offset * outer) - std::floor(inner / 2), 0.0, spare);
    const double size = std::abs(offset) >= 1 ? std::abs(offset) * dpr : std::abs(offset) * outer;
    const double pixels = offset < 0 ? -to_pixel(size) : to_pixel(size);
    const double from = start ? pixels : end ? spare - pixels : std::floor(spare / 2) + pixels;
    return std::clamp(from, 0.0, spare);
}

inline Box place(double outer_width, double outer_height, double width, double height, const Place& at, double dpr) {
    const bool focus = at.gravity == "fp";
    const auto names = [&](const char* edge) { return !focus && at.gravity.find(edge) != std::string::npos; };
    return {along(outer_width, width, names("we"), names("ea"), at.x, dpr, focus),
            along(outer_height, height, names("no"), names("so"), at.y, dpr, focus), width, height};
}

struct Scales {
    double across;
    double down;
    double density;
};

inline std::string type_of(const LookMeaning& look, double width, double height) {
    if (look.width == 0 || look.height == 0) return "fit";
    if (look.type != "auto") return look.type;
    return (width >= height) == (look.width >= look.height) ? "fill" : "fit";
}

inline Scales scales_of(const LookMeaning& look, const std::string& type, double width, double height) {
    double across = look.width / width;
    double down = look.height / height;
    if (look.width == 0) across = look.height == 0 ? 1 : down;
    if (look.height == 0) down = look.width == 0 ? 1 : across;
    if (type == "fit") across = down = std::min(across, down);
    if (type == "fill" || type == "fill-down") across = down = std::max(across, down);
    across *= look.zoom_x;
    down *= look.zoom_y;
    double density = look.dpr;
    if (!look.enlarge) {
        const bool has_size = look.width != 0 || look.height != 0;
        const double excess = std::max(across, down);
        if (excess > 1) {
            across /= excess;
            down /= excess;
            if (!(look.extend && has_size)) density *= excess;
        }
        density = std::min(density, 1 / std::max(across, down));
    }
    if (look.min_width / width > across) {
        down *= look.min_width / width / across;
        across = look.min_width / width;
    }
    if (look.min_height / height > down) {
        across *= look.min_height / height / down;
        down = look.min_height / height;
    }
    return {across, down, density};
}

// What is kept of the scaled picture. `target`: 0 where a side is free.
inline void keep(Effect& out, const LookMeaning& look, bool fills_down, const Box& target, double density) {
    double width = target.width == 0 ? out.scaled_width : std::min(target.width, out.scaled_width);
    double height = target.height == 0 ? out.scaled_height : std::min(target.height, out.scaled_height);
    if (fills_down) {
        const double lacks_width = target.width / out.scaled_width;
        const double lacks_height = target.height / out.scaled_height;
        if (lacks_width > lacks_height && lacks_width > 1) {
            height = std::min(out.scaled_height, at_least_one(out.scaled_width * target.height / target.width));
        } else if (lacks_height > lacks_width && lacks_height > 1) {
            width = std::min(out.scaled_width, at_least_one(out.scaled_height * target.width / target.height));
        }
    }
    out.kept = place(out.scaled_width, out.scaled_height, width, height, look.gravity, density);
    const bool crops = width != out.scaled_width || height != out.scaled_height;
    out.smart = crops && look.gravity.gravity == "sm";
    if (!crops || out.smart) out.kept.left = out.kept.top = 0;
}

inline void extend(Effect& out, double width, double height, const Place& at, double density) {
    width = std::max(width, out.canvas_width);
    height = std::max(height, out.canvas_height);
    const Box box = place(width, height, out.canvas_width, out.canvas_height, at, density);
    out.placed.left += box.left;
    out.placed.top += box.top;
    out.canvas_width = width;
    out.canvas_height = height;
}

inline void extend_to_ratio(Effect& out, const LookMeaning& look, const Box& target, double density) {
    const double lacks_width = target.width / out.kept.width;
    const double lacks_height = target.height / out.kept.height;
    if (lacks_height > lacks_width * (1 + 1e-12)) {
        extend(out, 0, at_least_one(out.kept.width * target.height / target.width), look.extend_ratio_place, density);
    } else if (lacks_width > lacks_height * (1 + 1e-12)) {
        extend(out, at_least_one(out.kept.height * target.width / target.height), 0, look.extend_ratio_place, density);
    }
}

inline void pad(Effect& out, const LookMeaning& look, double density) {
    std::array<double, 4> padding{};
    for (std::size_t i = 0; i < 4; ++i) padding.at(i) = to_pixel(look.padding.at(i) * density);
    out.placed.top += padding[0];
    out.placed.left += padding[3];
    out.canvas_width += padding[1] + padding[3];
    out.canvas_height += padding[0] + padding[2];
}

inline Box used_of(const LookMeaning& look, double width, double height) {
    const auto part = [](double wanted, double side) {
        if (wanted == 0) return side;
        return wanted >= 1 ? std::min(std::floor(wanted), side) : at_least_one(wanted * side);
    };
    return place(width, height, part(look.crop_width, width), part(look.crop_height, height),
                 look.crop_has_place ? look.crop_place : look.gravity, 1);
}

inline Effect effect_of(const LookMeaning& look, double width, double height) {
    Effect out{};
    out.used = used_of(look, width, height);
    const std::string type = type_of(look, out.used.width, out.used.height);
    const auto [across, down, density] = scales_of(look, type, out.used.width, out.used.height);
    out.density = density;
    out.scaled_width = at_least_one(out.used.width * across * density);
    out.scaled_height = at_least_one(out.used.height * down * density);
    const Box target{0, 0, look.width == 0 ? 0 : at_least_one(look.width * look.zoom_x * density),
                     look.height == 0 ? 0 : at_least_one(look.height * look.zoom_y * density)};
    keep(out, look, type == "fill-down" && !look.enlarge, target, density);
    out.canvas_width = out.kept.width;
    out.canvas_height = out.kept.height;
    out.placed = {0, 0, out.kept.width, out.kept.height};
    if (look.extend) extend(out, target.width, target.height, look.extend_place, density);
    const bool has_ratio = look.width != 0 && look.height != 0;
    if (look.extend_ratio && has_ratio && !look.extend) extend_to_ratio(out, look, target, density);
    pad(out, look, density);
    return out;
}

// A picture of letters, turned and mirrored one step after the other.
inline std::vector<std::string> turned_letters(const LookMeaning& look, int exif) {
    std::vector<std::string> rows{"abc", "def"};
    const auto mirror = [&] {
        for (auto& row : rows) std::reverse(row.begin(), row.end());
    };
    const auto turn = [&] {
        std::vector<std::string> turned(rows[0].size(), std::string(rows.size(), ' '));
        for (std::size_t y = 0; y < rows.size(); ++y) {
            for (std::size_t x = 0; x < rows[0].size(); ++x) turned[x][rows.size() - 1 - y] = rows[y][x];
        }
        rows = turned;
    };
    const auto turn_by = [&](int degrees) {
        for (; degrees > 0; degrees -= 90) turn();
    };
    if (look.auto_rotate) {
        constexpr std::array<int, 8> degrees{0, 0, 180, 180, 90, 90, 270, 270};
        turn_by(degrees.at(static_cast<std::size_t>(exif - 1)));
        if (exif == 2 || exif == 4 || exif == 5 || exif == 7) mirror();
    }
    turn_by(look.angle % 360);
    if (look.flip_x) mirror();
    if (look.flip_y) std::reverse(rows.begin(), rows.end());
    return rows;
}

}  // namespace thumbgate::test
