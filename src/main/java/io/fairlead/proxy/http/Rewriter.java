package io.fairlead.proxy.http;

import io.fairlead.config.Rewrite;
import io.fairlead.route.PathCaptures;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts another path or host into a request. A path is normalised again, by the rules of every
 * other: what came together from pieces may mean something that none of them did.
 */
final class Rewriter {
  private final @Nullable PathTemplate path;
  private final byte[] host;

  private Rewriter(@Nullable PathTemplate path, byte[] host) {
    this.path = path;
    this.host = host;
  }

  /** Null if nothing is to be changed. */
  static @Nullable Rewriter of(Rewrite rewrite, List<String> patterns) {
    return rewrite.equals(Rewrite.NONE)
        ? null
        : new Rewriter(
            rewrite.path().isEmpty() ? null : new PathTemplate(rewrite.path(), patterns),
            Ascii.bytes(rewrite.host()));
  }

  /** False if the path that would result is one that no client may ask for. */
  boolean apply(Head request, PathCaptures.Places places) {
    PathTemplate template = path;
    // A request for the server itself (OPTIONS *) has no path.
    if (template != null && request.bytes[request.pathStart] == '/') {
      int start = request.length;
      if (!template.write(request, request, places, false)
          || !Target.replacePath(request, start, request.length)) {
        return false;
      }
    }
    if (host.length > 0) {
      request.replaceHost(host);
    }
    return true;
  }
}
