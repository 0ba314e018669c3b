import { testGeneratedLinks } from './generated.mjs';
import { decideByWorker } from './support.mjs';

testGeneratedLinks('the Worker', decideByWorker);
