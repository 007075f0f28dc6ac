package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where people sign out: their browser forgets the session, and is sent to the provider, so that it
 * forgets its own, if it has a page for that. A page of another site cannot do it for them.
 */
public final class OidcSignOutGuard extends Guard {
  private static final byte[] FETCH_SITE = Ascii.bytes("sec-fetch-site");
  private static final byte[] POST = Ascii.bytes("POST");

  private final SignIn signIn;

  public OidcSignOutGuard(SignIn signIn) {
    this.signIn = signIn;
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    Head request = exchange.request;
    if (!SignIn.isGet(request) && !request.methodIs(POST)) {
      exchange.answerInstead(LocalAnswer.plain(405));
      return Answer.TURNED_AWAY;
    }
    if (SignIn.mentions(request, FETCH_SITE, "cross-site")) {
      exchange.answer(ErrorReason.FORBIDDEN);
      return Answer.TURNED_AWAY;
    }
    String after = signIn.afterSignOut();
    String provider =
        signIn.client().endSession(after.isEmpty() ? "" : SignIn.origin(exchange) + after);
    String to = provider.isEmpty() ? after : provider;
    String forget = signIn.forget(exchange);
    exchange.answerInstead(
        to.isEmpty()
            ? LocalAnswer.ofSignIn(200, null, forget, "You have signed out.")
            : LocalAnswer.ofSignIn(
                303, null, "location: " + to + "\r\n" + forget, "You have signed out here."));
    return Answer.TURNED_AWAY;
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    said.add("oidc ends the session of the browser");
    return null;
  }
}
