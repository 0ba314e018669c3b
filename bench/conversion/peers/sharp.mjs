// The least around sharp that its users write:  node sharp.mjs PORT FOLDER  serves /FORMAT/WIDTH/QUALITY/NAME, a
// quality of 0 being sharp's own.
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import sharp from 'sharp';

const [port, dir] = process.argv.slice(2);
createServer(async (request, response) => {
  const [, format, width, quality, name] = request.url.split('/');
  try {
    const options = Number(quality) > 0 ? { quality: Number(quality) } : {};
    const picture = await sharp(join(dir, basename(name)))
      .rotate()
      .resize({ width: Number(width) })
      .toFormat(format, options)
      .toBuffer();
    response.writeHead(200, { 'Content-Type': `image/${format}`, 'Content-Length': picture.length }).end(picture);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(Number(port), '127.0.0.1');
