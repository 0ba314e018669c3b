// Makes restricted JavaScript short: a CloudFront Function may have 10 KB. Takes out what is there for people, comments
// and blanks, and gives short names to what the code declares and to the members that it is told of. It relies on how
// core.mjs is written: statements end with ";", objects spell out their keys, and no two meanings of a name need to be
// told apart. What comes out is what the tests run.

const TOKEN = /\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[A-Za-z_$][\w$]*|[0-9][\w.]*|=>|\s+|[^\s]/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const KEYWORDS = new Set((
  'async await break case catch const continue delete do else export false finally for function if import in '
  + 'instanceof let new null return switch throw true try typeof undefined var while').split(' '));

const isName = (token) => token !== undefined && /^[A-Za-z_$]/.test(token) && !KEYWORDS.has(token);
const isWord = (token) => token !== undefined && /^[\w$]/.test(token);

// "/" begins a regular expression where no value has come before it.
function beginsRegExp(code, at, previous) {
  const afterValue = previous !== undefined && previous !== 'return' && /[\w$)\]}'"]$/.test(previous);
  return code[at] === '/' && code[at + 1] !== '/' && !afterValue;
}

function tokensOf(code) {
  const tokens = [];
  for (let at = 0; at < code.length;) {
    const pattern = beginsRegExp(code, at, tokens.at(-1)) ? REGEXP : TOKEN;
    pattern.lastIndex = at;
    const token = pattern.exec(code)?.[0];
    if (token === undefined) throw new Error(`cannot read ${code.slice(at, at + 20)}`);
    if (token.trim() !== '' && !token.startsWith('//')) tokens.push(token);
    at += token.length;
  }
  return tokens;
}

// The names between the "(" before `close` and `close`, where they are parameters.
function parametersBefore(tokens, close) {
  const names = [];
  for (let i = close - 1; tokens[i] !== '('; i--) if (isName(tokens[i])) names.push(tokens[i]);
  return names;
}

function declaredNames(tokens) {
  const names = [];
  tokens.forEach((token, i) => {
    if (['const', 'let', 'function'].includes(token) && isName(tokens[i + 1])) names.push(tokens[i + 1]);
    if (token === '=>') names.push(...parametersBefore(tokens, i - 1));
    if (token === 'catch') names.push(tokens[i + 2]);
    if (token === 'function') names.push(...parametersBefore(tokens, tokens.indexOf(')', i)));
  });
  return names;
}

// The most frequent names get the shortest ones.
function shortNames(tokens, kept) {
  const counts = new Map();
  for (const name of declaredNames(tokens)) if (!kept.includes(name)) counts.set(name, 0);
  for (const token of tokens) if (counts.has(token)) counts.set(token, counts.get(token) + 1);
  const taken = new Set(tokens);
  const candidates = function* () {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    for (const letter of letters) yield letter;
    for (const first of letters) for (const second of letters) yield first + second;
  }();
  const names = new Map();
  for (const [name] of [...counts].sort((a, b) => b[1] - a[1])) {
    let short;
    do short = candidates.next().value; while (KEYWORDS.has(short) || (taken.has(short) && !counts.has(short)));
    names.set(name, short);
  }
  return names;
}

// `kept`: names that the runtime looks for. `members`: those of objects that stay within the code.
export function minify(code, kept, members) {
  const tokens = tokensOf(code);
  const names = shortNames(tokens, kept);
  const shortMembers = new Map(members.map((member, i) => [member, 'abcdefghijklmnopqrstuvwxyz'[i]]));
  let text = '';
  tokens.forEach((token, i) => {
    const isMember = tokens[i - 1] === '.' || (tokens[i + 1] === ':' && ['{', ','].includes(tokens[i - 1]));
    const written = (isMember ? shortMembers : names).get(token) ?? token;
    text += (isWord(tokens[i - 1]) && isWord(token) ? ' ' : '') + written;
  });
  return text + '\n';
}
