package io.fairlead.route;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes of one way to write the host, by path. */
final class PathTree {
  private final int[] withoutPath;
  private final Segment root;

  private PathTree(int[] withoutPath, Segment root) {
    this.withoutPath = withoutPath;
    this.root = root;
  }

  /** The lowest index of a route that matches, if it is lower than the best one known. */
  int first(RequestView request, Condition[] conditions, int best) {
    int found = firstMet(withoutPath, request, conditions, best);
    int start = request.pathStart();
    return start < request.pathEnd() && request.bytes()[start] == '/'
        ? first(root, start, request, conditions, found)
        : found;
  }

  /**
   * Walks down from a tree node.
   *
   * @param position of the slash before the next segment, or the end of the path. Each level of
   *     recursion uses up one {@code *} of a pattern.
   */
  private static int first(
      Segment from, int position, RequestView request, Condition[] conditions, int bestSoFar) {
    byte[] bytes = request.bytes();
    int end = request.pathEnd();
    int best = bestSoFar;
    Segment node = from;
    int slash = position;
    while (node.lowest < best) {
      best = firstMet(node.below, request, conditions, best);
      if (slash == end) {
        return firstMet(node.here, request, conditions, best);
      }
      int hash = BytesMap.SEED;
      int next = slash + 1;
      for (; next < end && bytes[next] != '/'; next++) {
        hash = BytesMap.next(hash, bytes[next]);
      }
      Segment literal = node.literals.get(bytes, slash + 1, next, hash);
      Segment wildcard = next > slash + 1 ? node.wildcard : null;
      if (wildcard != null && literal != null) {
        best = first(literal, next, request, conditions, best);
      }
      Segment down = wildcard != null ? wildcard : literal;
      if (down == null) {
        return best;
      }
      node = down;
      slash = next;
    }
    return best;
  }

  /** The first of the routes, which are in order, whose methods and headers fit. */
  private static int firstMet(int[] routes, RequestView request, Condition[] conditions, int best) {
    for (int route : routes) {
      if (route >= best) {
        break;
      }
      if (conditions[route].isMet(request)) {
        return route;
      }
    }
    return best;
  }

  /**
   * A place that a path leads to, slash by slash.
   *
   * @see Builder
   */
  private static final class Segment {
    final BytesMap<Segment> literals;
    final @Nullable Segment wildcard;

    /** Routes whose path ends here. */
    final int[] here;

    /** Routes whose path goes on with {@code **}. */
    final int[] below;

    /** The lowest index of a route here or further down. */
    final int lowest;

    Segment(
        BytesMap<Segment> literals,
        @Nullable Segment wildcard,
        int[] here,
        int[] below,
        int lowest) {
      this.literals = literals;
      this.wildcard = wildcard;
      this.here = here;
      this.below = below;
      this.lowest = lowest;
    }
  }

  static final class Builder {
    private final List<Integer> withoutPath = new ArrayList<>();
    private final Place root = new Place();

    void add(int route, List<String> paths) {
      if (paths.isEmpty()) {
        put(withoutPath, route);
      }
      for (String path : paths) {
        add(route, path);
      }
    }

    private void add(int route, String path) {
      String[] segments = path.substring(1).split("/", -1);
      Place place = root;
      place.lowest = Math.min(place.lowest, route);
      for (int i = 0; i < segments.length; i++) {
        if (i == segments.length - 1 && segments[i].equals("**")) {
          put(place.below, route);
          return;
        }
        place = place.child(segments[i]);
        place.lowest = Math.min(place.lowest, route);
      }
      put(place.here, route);
    }

    /** A rule may name the same host or path twice. */
    private static void put(List<Integer> routes, int route) {
      if (routes.isEmpty() || routes.getLast() != route) {
        routes.add(route);
      }
    }

    PathTree build() {
      return new PathTree(array(withoutPath), root.build());
    }

    private static int[] array(List<Integer> routes) {
      return routes.stream().mapToInt(Integer::intValue).toArray();
    }

    private static final class Place {
      final Map<BytesMap.Key, Place> literals = new HashMap<>();
      @Nullable Place wildcard;
      final List<Integer> here = new ArrayList<>();
      final List<Integer> below = new ArrayList<>();
      int lowest = HostIndex.NONE;

      Place child(String segment) {
        if (segment.equals("*") || PathCaptures.isNamed(segment)) {
          Place known = wildcard;
          if (known == null) {
            known = new Place();
            wildcard = known;
          }
          return known;
        }
        byte[] bytes = segment.getBytes(StandardCharsets.UTF_8);
        int hash = BytesMap.SEED;
        for (byte b : bytes) {
          hash = BytesMap.next(hash, b);
        }
        return literals.computeIfAbsent(
            new BytesMap.Key(ByteBuffer.wrap(bytes), hash), _ -> new Place());
      }

      Segment build() {
        Map<BytesMap.Key, Segment> built = new HashMap<>();
        literals.forEach((segment, place) -> built.put(segment, place.build()));
        return new Segment(
            BytesMap.of(built),
            wildcard == null ? null : wildcard.build(),
            array(here),
            array(below),
            lowest);
      }
    }
  }
}
