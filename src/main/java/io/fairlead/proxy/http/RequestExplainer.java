package io.fairlead.proxy.http;

import io.fairlead.config.ContentCoding;
import io.fairlead.config.HttpLimits;
import io.fairlead.config.RateLimitConfig;
import io.fairlead.config.RouteAction;
import io.fairlead.proxy.ClientAddress;
import io.fairlead.route.Explanation;
import io.fairlead.route.PathCaptures;
import io.fairlead.route.RouteTable;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts a request that somebody describes through the very checks that a real one meets. */
public final class RequestExplainer {
  /**
   * What became of it.
   *
   * @param refusal why it would not be routed; null if it would
   * @param path as routed, after normalisation
   * @param host as routed
   * @param explanation of the routing; null if it was refused
   * @param rules what the route does with it before a node gets it, one step in each line
   * @param error what the rules answer with; null: they let it through, or no route has it
   * @param answered whether Fairlead answers itself
   * @param key of it for hashing methods
   * @param session the node that the client stays with; null: there is none
   */
  public record Outcome(
      @Nullable ErrorReason refusal,
      String path,
      String host,
      @Nullable Explanation<HttpRoute> explanation,
      List<String> rules,
      @Nullable ErrorReason error,
      boolean answered,
      int key,
      @Nullable Node session) {}

  private RequestExplainer() {}

  /**
   * Goes the way of a request as far as its route.
   *
   * @param target as in a request line
   * @param headers with Host; each value becomes a field
   * @param from the other end of the connection
   */
  public static Outcome explain(
      HttpPolicy policy,
      String method,
      String target,
      Map<String, List<String>> headers,
      InetAddress from) {
    StringBuilder text = new StringBuilder();
    text.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    headers.forEach((name, values) ->
        values.forEach(value -> text.append(name).append(": ").append(value).append("\r\n")));
    text.append("\r\n");
    Head head = new Head();
    head.reset();
    byte[] bytes = Ascii.bytes(text.toString());
    head.ensure(bytes.length);
    System.arraycopy(bytes, 0, head.bytes, 0, bytes.length);
    head.length = bytes.length;
    HttpLimits limits = policy.limits();
    ErrorReason refusal =
        switch (HeadParser.parseRequest(
            head, limits.headerBytes(), limits.targetBytes(), limits.headers())) {
          case DONE -> head.end == bytes.length ? null : ErrorReason.BAD_REQUEST;
          case MORE, BAD -> ErrorReason.BAD_REQUEST;
          case TOO_LARGE -> ErrorReason.HEAD_TOO_LARGE;
          case TARGET_TOO_LONG -> ErrorReason.TARGET_TOO_LONG;
          case VERSION -> ErrorReason.VERSION_NOT_SUPPORTED;
        };
    if (refusal == null) {
      refusal = RequestCheck.check(head, policy.maxBody());
    }
    if (refusal != null) {
      return new Outcome(refusal, "", "", null, List.of(), null, true, 0, null);
    }
    Client who = new Client(new InetSocketAddress(from, 0), policy.forwarded().trust(), null);
    Forwarding.readClient(head, who, policy, new IpAddress());
    String path = Ascii.text(head.bytes, head.pathStart, head.pathEnd);
    String host = Ascii.text(head.bytes, head.hostStart, head.hostEnd);
    Explanation<HttpRoute> explanation = policy.routes().explain(head);
    List<String> rules = new ArrayList<>();
    RouteTable.Entry<HttpRoute> matched = explanation.matched();
    ErrorReason error = null;
    if (!policy.access().allows(head)) {
      rules.add("the listener denies the client's address");
      error = ErrorReason.DENIED;
    } else if (matched != null) {
      error = rules(matched.target(), policy, head, rules);
    }
    boolean answered =
        error != null
            || (matched != null && !(matched.route().action() instanceof RouteAction.Send));
    int client = ClientAddress.hash(from);
    int key =
        matched == null || answered ? client : matched.target().target().key(head, who.hash());
    Node session =
        matched == null || answered
            ? null
            : SessionExplainer.explain(matched.target(), head, rules);
    return new Outcome(null, path, host, explanation, rules, error, answered, key, session);
  }

  private static @Nullable ErrorReason rules(
      HttpRoute route, HttpPolicy policy, Head head, List<String> said) {
    if (!route.access().allows(head)) {
      said.add("the route denies the client's address");
      return ErrorReason.DENIED;
    }
    if (head.body > route.maxBody(policy.limits())) {
      said.add("the route takes bodies of " + route.maxBody(policy.limits()) + " bytes at most");
      return ErrorReason.BODY_TOO_LARGE;
    }
    for (RateLimits.Limit limit : route.rateLimits().limits()) {
      RateLimitConfig config = limit.config();
      said.add(
          "rate limit "
              + config.name()
              + " lets in "
              + config.rate()
              + ", up to "
              + config.burst()
              + " at once, by "
              + config.key());
    }
    for (Guard guard : route.guardList()) {
      ErrorReason error = guard.explain(head, said);
      if (error != null) {
        return error;
      }
    }
    PathCaptures.Places places = new PathCaptures.Places();
    switch (route.config().action()) {
      case RouteAction.Redirect redirect -> {
        Redirection redirection = route.redirection();
        Head answer = new Head();
        if (redirection == null || !redirection.addLocation(head, answer, places)) {
          said.add("the redirect asks for a host that the request does not name");
          return ErrorReason.BAD_REQUEST;
        }
        said.add(
            "the client is sent with "
                + redirect.status()
                + " to "
                + Ascii.text(answer.bytes, answer.valueStart(0), answer.valueEnd(0)));
      }
      case RouteAction.Respond respond ->
          said.add("Fairlead answers itself with " + respond.status());
      case RouteAction.Database _ -> {} // for connections, and this is a request
      case RouteAction.Send send -> {
        Rewriter rewriter = route.rewriter();
        if (rewriter != null) {
          if (!rewriter.apply(head, places)) {
            said.add("the path that the rewrite makes is refused");
            return ErrorReason.BAD_REQUEST;
          }
          said.add("nodes get the path " + Ascii.text(head.bytes, head.pathStart, head.pathEnd));
        }
        if (send.shares().size() > 1) {
          said.add("the request goes to one of several services by chance: " + send.shares());
        }
        said.addAll(route.retry().inWords(head));
        RouteCache cache = route.cache();
        if (cache != null) {
          said.add(cache.inWords(head));
        }
        Mirror mirror = route.mirror();
        if (mirror != null) {
          said.add(mirror.inWords(head));
        }
        route
            .config()
            .compress()
            .ifPresent(compress ->
                said.add(
                    "answers of "
                        + compress.types().size()
                        + " types are packed ("
                        + String.join(
                            ", ", compress.codings().stream().map(ContentCoding::word).toList())
                        + ") for clients that take it, from "
                        + compress.minBytes()
                        + " bytes on"));
      }
    }
    return null;
  }
}
