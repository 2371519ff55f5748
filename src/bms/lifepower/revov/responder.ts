import { responderOf } from '../responder.ts';
import { START } from './index.ts';

export const responder = responderOf(START);
