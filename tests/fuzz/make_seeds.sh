#!/usr/bin/env bash
# make_seeds.sh FOLDER: small real pictures of every format that is read, for pipeline_fuzz to begin with.
set -euo pipefail

folder=$1
photograph=/usr/share/backgrounds/mate/nature/GreenMeadow.jpg

# save NAME.ENDING[OPTIONS]
save() {
    vips thumbnail "$photograph" "$folder/$1" 48
}

rm -rf "$folder"
mkdir -p "$folder"
save 'baseline.jpg[Q=60]'
save 'progressive.jpg[Q=60,interlace]'
save 'plain.png'
save 'interlaced.png[interlace]'
save 'palette.png[palette]'
save 'lossy.webp[Q=60]'
save 'lossless.webp[lossless]'
save 'picture.avif[effort=0]'
save 'picture.heic[effort=0]'
save 'picture.gif'
save 'plain.tif'
save 'lzw.tif[compression=lzw]'
save 'tiled.tif[compression=deflate,tile,tile_width=16,tile_height=16]'
save 'jpeg.tif[compression=jpeg]'
save 'big.tif[bigtiff,pyramid,tile,tile_width=16,tile_height=16]'
save 'picture.jxl[effort=3]'
save 'lossless.jxl[lossless,effort=3]'

# Three frames that differ.
for name in moving.gif moving.webp; do
    convert "$folder/palette.png" -resize 24x24 \( +clone -negate \) \( -clone 0 -rotate 180 \) -set delay 10 -loop 0 \
        "$folder/$name"
done

# Drawings: shapes, text and a filter; pictures and styles that they hold; references to themselves.
draw() {
    printf '<svg xmlns="http://www.w3.org/2000/svg" %s>%s</svg>' "$2" "$3" >"$folder/$1.svg"
}
draw shapes 'width="48" height="24"' '<defs><linearGradient id="a"><stop stop-color="red"/><stop offset="1"/></linearGradient>
    <filter id="b"><feGaussianBlur stdDeviation="2"/></filter></defs><path d="M1 1L20 20A9 9 0 0 1 3 9z" fill="url(#a)"/>
    <text y="20" font-size="9" transform="rotate(9)">Text</text><circle r="9" filter="url(#b)" opacity=".5"/>'
draw holder 'viewBox="0 0 9 9"' "<style>image { mask: url(#c) }</style><mask id=\"c\"><rect width=\"9\" height=\"5\"/></mask>
    <image width=\"9\" height=\"9\" href=\"data:image/png;base64,$(base64 -w0 "$folder/palette.png")\"/>"
draw uses 'width="1in" height="50%" viewBox="0 0 9 9"' '<symbol id="d" viewBox="0 0 3 3"><rect width="3" height="2"/></symbol>
    <pattern id="e" width="3" height="3"><use href="#d"/></pattern><rect width="9" height="9" fill="url(#e)"/>'
