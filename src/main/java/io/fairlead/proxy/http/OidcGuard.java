package io.fairlead.proxy.http;

import io.fairlead.identity.OidcSession;
import io.fairlead.telemetry.ErrorReason;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lets in whoever has signed in at a provider of OpenID Connect, which the browser shows by a
 * sealed cookie. A browser that goes to a page is sent to the provider; whatever else asks without
 * a session (scripts of a page, WebSockets, programs) hears 401, since it could not show anybody
 * the provider's page.
 *
 * <p>A cookie is opened for each request; nothing is remembered.
 */
public final class OidcGuard extends Guard {
  private static final byte[] ACCEPT = Ascii.bytes("accept");
  private static final byte[] FETCH_MODE = Ascii.bytes("sec-fetch-mode");
  private static final byte[] WWW_AUTHENTICATE = Ascii.bytes("www-authenticate");

  /** No scheme that browsers know, so that they do not ask for a password. */
  private static final byte[] CHALLENGE = Ascii.bytes("OpenID realm=\"fairlead\"");

  private final SignIn signIn;
  private final long[] required;
  private final byte[][] fields;
  private final long[] claims;

  /**
   * @param require by claim: what it has to be
   * @param forward by field, lower case: the claim that nodes are told in it
   */
  public OidcGuard(SignIn signIn, Map<String, String> require, Map<String, String> forward) {
    this.signIn = signIn;
    required =
        require.entrySet().stream()
            .mapToLong(one -> OidcSession.key(one.getKey(), one.getValue()))
            .toArray();
    fields = forward.keySet().stream().map(Ascii::bytes).toArray(byte[][]::new);
    claims = forward.values().stream().mapToLong(OidcSession::key).toArray();
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    OidcSession session = signIn.session(exchange, loop);
    if (session == null) {
      turnAway(exchange, loop);
      return Answer.TURNED_AWAY;
    }
    exchange.identified(session.who());
    for (long one : required) {
      if (!Boolean.TRUE.equals(session.fulfilled().get(one))) {
        exchange.turnAway(ErrorReason.FORBIDDEN, WWW_AUTHENTICATE, CHALLENGE);
        return Answer.TURNED_AWAY;
      }
    }
    Head request = exchange.request;
    SignIn.strip(request);
    dropOwn(request, fields);
    for (int i = 0; i < fields.length; i++) {
      String text = session.said().getOrDefault(claims[i], "");
      if (!text.isEmpty()) {
        request.openField(fields[i]);
        request.put(text.getBytes(StandardCharsets.UTF_8));
        request.closeField(FieldName.of(fields[i], 0, fields[i].length));
      }
    }
    return Answer.GOES_ON;
  }

  private void turnAway(Exchange exchange, HttpLoop loop) {
    if (!isNavigation(exchange.request)) {
      exchange.turnAway(ErrorReason.UNAUTHENTICATED, WWW_AUTHENTICATE, CHALLENGE);
    } else if (SignIn.origin(exchange).isEmpty()) {
      exchange.answer(ErrorReason.BAD_REQUEST);
    } else {
      String fields = signIn.begin(exchange, loop);
      if (fields.isEmpty()) {
        exchange.answer(ErrorReason.AUTH_UNAVAILABLE);
      } else {
        exchange.turnAway(
            ErrorReason.UNAUTHENTICATED,
            LocalAnswer.ofSignIn(
                302, ErrorReason.UNAUTHENTICATED, fields, "This page needs you to sign in."));
      }
    }
  }

  /** Whether somebody looks at a browser that goes to a page (W3C Fetch Metadata). */
  private static boolean isNavigation(Head request) {
    return SignIn.isGet(request)
        && SignIn.mentions(request, ACCEPT, "text/html")
        && (request.findField(FETCH_MODE, 0) < 0
            || SignIn.mentions(request, FETCH_MODE, "navigate"));
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    if (signIn.isShown(request)) {
      said.add("oidc lets it in if its session is good, which is not looked at here");
      return null;
    }
    said.add(
        isNavigation(request)
            ? "oidc sends the browser to " + signIn.client().config().issuer() + " to sign in"
            : "oidc asks for a session, and the request shows none");
    return ErrorReason.UNAUTHENTICATED;
  }
}
