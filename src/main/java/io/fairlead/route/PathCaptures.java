package io.fairlead.route;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What stood in the places of a path pattern. Asked only for requests whose route needs it, after
 * it has matched; of several patterns the first that fits is taken. Segments are compared as {@link
 * RouteTable} says, which has found the route by its index, so one of them fits.
 *
 * <p>{@code **} stands for the rest without the slash before it: empty for {@code /api} and {@code
 * /api/} where the pattern is {@code /api/**}.
 */
public final class PathCaptures {
  /** Places of one pattern that can be asked for: {@code $1} to {@code $99}. */
  private static final int MAX = 99;

  private final Pattern[] patterns;

  /**
   * One pattern.
   *
   * @param segments before the rest
   * @param rest whether any rest may follow
   * @param names of the places, in order; empty: only a number
   */
  private record Pattern(List<Segment> segments, boolean rest, List<String> names) {}

  private static final class Segment {
    final byte[] literal;
    final boolean any;

    Segment(String text, boolean any) {
      this.literal = text.getBytes(StandardCharsets.UTF_8);
      this.any = any;
    }
  }

  /** Where the places of one request are: used again for each. */
  public static final class Places {
    private final int[] starts = new int[MAX + 1];
    private final int[] ends = new int[MAX + 1];
    private int pattern;
    private int count;

    /** The number of the pattern that fits. */
    public int pattern() {
      return pattern;
    }

    /**
     * Where what stood in a place begins.
     *
     * @param number from 1
     */
    public int start(int number) {
      return starts[number];
    }

    public int end(int number) {
      return ends[number];
    }

    private void add(int start, int end) {
      if (count < MAX) {
        count++;
        starts[count] = start;
        ends[count] = end;
      }
    }
  }

  private PathCaptures(Pattern[] patterns) {
    this.patterns = patterns;
  }

  public static PathCaptures of(List<String> paths) {
    return new PathCaptures(paths.stream().map(PathCaptures::compile).toArray(Pattern[]::new));
  }

  private static Pattern compile(String path) {
    List<Segment> segments = new ArrayList<>();
    List<String> names = new ArrayList<>();
    boolean rest = false;
    for (String segment : path.substring(1).split("/", -1)) {
      boolean named = isNamed(segment);
      if (segment.equals("**")) {
        rest = true;
        names.add("");
      } else {
        boolean any = named || segment.equals("*");
        segments.add(new Segment(segment, any));
        if (any) {
          names.add(named ? segment.substring(1, segment.length() - 1) : "");
        }
      }
    }
    return new Pattern(segments, rest, names);
  }

  /** Whether a segment of a pattern is one with a name: {@code {id}}. */
  static boolean isNamed(String segment) {
    return segment.startsWith("{") && segment.endsWith("}");
  }

  public int patterns() {
    return patterns.length;
  }

  /** The number of the place that is called so in that pattern, or 0. */
  public int number(int pattern, String name) {
    return patterns[pattern].names.indexOf(name) + 1;
  }

  /** Finds the places of a path; false if no pattern fits. */
  public boolean find(byte[] bytes, int start, int end, Places places) {
    for (int i = 0; i < patterns.length; i++) {
      places.count = 0;
      if (fits(patterns[i], bytes, start, end, places)) {
        places.pattern = i;
        return true;
      }
    }
    return false;
  }

  private static boolean fits(Pattern pattern, byte[] bytes, int start, int end, Places places) {
    if (start == end || bytes[start] != '/') {
      return false;
    }
    int slash = start;
    for (Segment segment : pattern.segments) {
      if (slash == end) {
        return false;
      }
      int next = slash + 1;
      while (next < end && bytes[next] != '/') {
        next++;
      }
      if (segment.any) {
        if (next == slash + 1) {
          return false;
        }
        places.add(slash + 1, next);
      } else if (!Arrays.equals(
          segment.literal, 0, segment.literal.length, bytes, slash + 1, next)) {
        return false;
      }
      slash = next;
    }
    if (pattern.rest) {
      places.add(Math.min(slash + 1, end), end);
      return true;
    }
    return slash == end;
  }
}
