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
