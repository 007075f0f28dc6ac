package io.fairlead.proxy.http;

import io.fairlead.config.Template;
import io.fairlead.config.Template.Part;
import io.fairlead.route.PathCaptures;
import java.util.List;

/**
 * A path or target to be filled with what a request's path has in the places of its pattern. What
 * is filled in comes from a path that has been normalised: it has no byte but visible ASCII, and
 * what was encoded stays encoded.
 */
final class PathTemplate {
  private static final int LITERAL = 0;
  private static final int CAPTURE = 1;
  private static final int HOST = 2;
  private static final int PATH = 3;
  private static final byte[] HEX = Ascii.bytes("0123456789ABCDEF");

  private final PathCaptures captures;
  private final int[] kinds;
  private final byte[][] literals;

  /** By piece and pattern: the number of the place. */
  private final int[][] places;

  private final boolean asksForHost;
  private final boolean asksForCaptures;

  PathTemplate(String text, List<String> patterns) {
    List<Part> parts = Template.parse(text, Template.Kind.TARGET).parts();
    captures = PathCaptures.of(patterns);
    kinds = new int[parts.size()];
    literals = new byte[parts.size()][];
    places = new int[parts.size()][];
    boolean host = false;
    boolean captured = false;
    for (int i = 0; i < kinds.length; i++) {
      literals[i] = new byte[0];
      places[i] = new int[captures.patterns()];
      switch (parts.get(i)) {
        case Part.Text(String literal) -> literals[i] = Ascii.bytes(literal);
        case Part.Capture(int number) -> {
          kinds[i] = CAPTURE;
          java.util.Arrays.fill(places[i], number);
        }
        case Part.Name(String name) -> {
          kinds[i] = name.equals("host") ? HOST : name.equals("path") ? PATH : CAPTURE;
          for (int pattern = 0; kinds[i] == CAPTURE && pattern < places[i].length; pattern++) {
            places[i][pattern] = captures.number(pattern, name);
          }
        }
      }
      host |= kinds[i] == HOST;
      captured |= kinds[i] == CAPTURE;
    }
    asksForHost = host;
    asksForCaptures = captured;
  }

  /**
   * Writes the filled text behind what the target has.
   *
   * @param found to be used for this
   * @param escape percent-encodes what may not stand in a URI
   * @return false if the request does not have what is asked for
   */
  boolean write(Head request, Head target, PathCaptures.Places found, boolean escape) {
    if ((asksForHost && request.hostStart == request.hostEnd)
        || (asksForCaptures
            && !captures.find(request.bytes, request.pathStart, request.pathEnd, found))) {
      return false;
    }
    for (int i = 0; i < kinds.length; i++) {
      switch (kinds[i]) {
        case LITERAL -> target.put(literals[i]);
        case HOST -> put(request, request.hostStart, request.hostEnd, target, false);
        case PATH -> put(request, request.pathStart, request.pathEnd, target, escape);
        default -> {
          int place = places[i][found.pattern()];
          put(request, found.start(place), found.end(place), target, escape);
        }
      }
    }
    return true;
  }

  /** Copies a range, percent-encoding what may not stand in a URI if asked to. */
  static void put(Head from, int start, int end, Head target, boolean escape) {
    int run = start;
    for (int at = start; escape && at < end; at++) {
      byte b = from.bytes[at];
      if (!isUri(b) && !(b == '%' && isTriplet(from.bytes, at, end))) {
        target.put(from.bytes, run, at - run);
        target.put((byte) '%');
        target.put(HEX[b >> 4 & 15]);
        target.put(HEX[b & 15]);
        run = at + 1;
      }
    }
    target.put(from.bytes, run, end - run);
  }

  /** Something that is encoded already. */
  private static boolean isTriplet(byte[] bytes, int at, int end) {
    return end - at >= 3
        && Ascii.hexValue(bytes[at + 1]) >= 0
        && Ascii.hexValue(bytes[at + 2]) >= 0;
  }

  /** What may stand in a path or query (RFC 3986, 3.3 and 3.4). */
  private static boolean isUri(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || Ascii.isDigit(b)
        || "-._~!$&'()*+,;=:@/?".indexOf(b) >= 0;
  }
}
