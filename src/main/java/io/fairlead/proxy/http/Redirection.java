package io.fairlead.proxy.http;

import io.fairlead.config.RouteAction;
import io.fairlead.route.PathCaptures;
import java.util.List;

/**
 * Where a client is sent. The answer's {@code location} is made of what the configuration says and
 * of the request's path, never of another host than either names: a path that begins with two
 * slashes would be a host, so there is one.
 */
final class Redirection {
  private static final byte[] LOCATION = Ascii.bytes("location");

  private final PathTemplate target;
  private final boolean pathOnly;
  private final boolean keepsQuery;
  private final LocalAnswer answer;

  Redirection(RouteAction.Redirect redirect, List<String> patterns) {
    target = new PathTemplate(redirect.to(), patterns);
    pathOnly = redirect.to().startsWith("/");
    keepsQuery = redirect.to().indexOf('?') < 0 && redirect.to().indexOf('#') < 0;
    answer = LocalAnswer.plain(redirect.status());
  }

  LocalAnswer answer() {
    return answer;
  }

  /** Adds the field; false if the request does not have what the target asks for. */
  boolean addLocation(Head request, Head response, PathCaptures.Places places) {
    response.openField(LOCATION);
    int start = response.length;
    if (!target.write(request, response, places, true)) {
      return false;
    }
    if (pathOnly) {
      int slashes = start;
      while (slashes < response.length && response.bytes[slashes] == '/') {
        slashes++;
      }
      response.cut(start, slashes - 1 - start);
    }
    if (keepsQuery) {
      PathTemplate.put(request, request.queryStart, request.queryEnd, response, true);
    }
    response.closeField(FieldName.OTHER);
    return true;
  }
}
