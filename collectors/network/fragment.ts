/** What the header of one IP fragment says. */

/** A piece of an IP packet; addresses and scope stand in the decoder beside it. */
export class Fragment {
  /** RFC 791: id and protocol name the packet; RFC 8200: the id alone. */
  identification = 0;
  version: 4 | 6 = 4;
  /** IP protocol, or type of the next header, of what was cut in pieces: only the first fragment's counts in IPv6. */
  protocol = 0;
  offset = 0;
  more = false;
  /** Captured bytes are [start, end); on the wire it had `length`. */
  start = 0;
  end = 0;
  length = 0;
}
