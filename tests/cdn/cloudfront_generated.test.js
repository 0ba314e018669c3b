import { testGeneratedLinks } from './generated.mjs';
import { decideByCloudFront } from './support.mjs';

testGeneratedLinks('the CloudFront Function', decideByCloudFront);
