// capture-never-sends
import { connect } from 'node:net';
export const send = connect;
