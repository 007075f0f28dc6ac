package io.fairlead.route;

import io.fairlead.config.RouteMatch;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * From the host to the trees of paths that come into question. One walk over the host from its end
 * finds all of them: at each dot what lies behind it may be a wildcard's suffix, at the start the
 * whole is looked up.
 */
final class HostIndex {
  /** No route. */
  static final int NONE = Integer.MAX_VALUE;

  private final BytesMap<PathTree> exact;
  private final BytesMap<PathTree> suffixes;
  private final PathTree any;

  /** No suffix in the table is longer; what is longer in a request need not be looked up. */
  private final int longestSuffix;

  private HostIndex(
      BytesMap<PathTree> exact, BytesMap<PathTree> suffixes, PathTree any, int longestSuffix) {
    this.exact = exact;
    this.suffixes = suffixes;
    this.any = any;
    this.longestSuffix = longestSuffix;
  }

  /** The lowest index of a route that matches, or {@link #NONE}. */
  int first(RequestView request, Condition[] conditions) {
    byte[] bytes = request.bytes();
    int start = request.hostStart();
    int end = request.hostEnd();
    int best = any.first(request, conditions, NONE);
    int hash = BytesMap.SEED;
    for (int i = end - 1; i >= start; i--) {
      if (bytes[i] == '.' && i > start && end - i - 1 <= longestSuffix) {
        best = first(suffixes.get(bytes, i + 1, end, hash), request, conditions, best);
      }
      hash = BytesMap.next(hash, bytes[i]);
    }
    return first(exact.get(bytes, start, end, hash), request, conditions, best);
  }

  private static int first(
      @Nullable PathTree tree, RequestView request, Condition[] conditions, int best) {
    return tree == null ? best : tree.first(request, conditions, best);
  }

  static final class Builder {
    private final Map<BytesMap.Key, PathTree.Builder> exact = new HashMap<>();
    private final Map<BytesMap.Key, PathTree.Builder> suffixes = new HashMap<>();
    private final PathTree.Builder any = new PathTree.Builder();
    private int longestSuffix = -1;

    /** Adds the route with that index; indexes must rise. */
    void add(int route, RouteMatch rule) {
      if (rule.hosts().isEmpty()) {
        any.add(route, rule.paths());
      }
      for (String host : rule.hosts()) {
        tree(host).add(route, rule.paths());
      }
    }

    private PathTree.Builder tree(String host) {
      if (!host.startsWith("*.")) {
        return exact.computeIfAbsent(key(host), _ -> new PathTree.Builder());
      }
      BytesMap.Key suffix = key(host.substring(2));
      longestSuffix = Math.max(longestSuffix, suffix.bytes().capacity());
      return suffixes.computeIfAbsent(suffix, _ -> new PathTree.Builder());
    }

    HostIndex build() {
      return new HostIndex(built(exact), built(suffixes), any.build(), longestSuffix);
    }

    private static BytesMap<PathTree> built(Map<BytesMap.Key, PathTree.Builder> builders) {
      Map<BytesMap.Key, PathTree> trees = new HashMap<>();
      builders.forEach((host, builder) -> trees.put(host, builder.build()));
      return BytesMap.of(trees);
    }

    /** Hashed from its end, as {@link #first} walks. */
    private static BytesMap.Key key(String host) {
      byte[] bytes = host.getBytes(StandardCharsets.UTF_8);
      int hash = BytesMap.SEED;
      for (int i = bytes.length - 1; i >= 0; i--) {
        hash = BytesMap.next(hash, bytes[i]);
      }
      return new BytesMap.Key(ByteBuffer.wrap(bytes), hash);
    }
  }
}
