package io.fairlead.proxy.http;

import io.fairlead.config.Networks;
import io.fairlead.identity.OidcClient.Outcome;
import io.fairlead.telemetry.ErrorReason;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where a provider sends browsers back: changes the code that they bring into a session, on a
 * virtual thread, since the provider has to be asked, and sends them where they wanted to go.
 */
public final class OidcCallbackGuard extends Guard {
  private static final System.Logger LOG = System.getLogger(OidcCallbackGuard.class.getName());

  /** Longer than the provider may take for an answer, and for its keys. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(12);

  private final SignIn signIn;

  public OidcCallbackGuard(SignIn signIn) {
    this.signIn = signIn;
  }

  /** A browser that waits. */
  private static final class Ticket implements Hold {
    final Exchange exchange;

    /** Also looked at by the thread that asks, which then need not begin. */
    volatile boolean gone;

    Ticket(Exchange exchange) {
      this.exchange = exchange;
    }

    @Override
    public void letGo() {
      gone = true;
    }

    @Override
    public ErrorReason late() {
      return ErrorReason.AUTH_UNAVAILABLE;
    }
  }

  @Override
  Answer ask(Exchange exchange, HttpLoop loop) {
    Head request = exchange.request;
    exchange.hideQuery(); // the code, before anybody keeps it
    if (!SignIn.isGet(request)) {
      exchange.answerInstead(LocalAnswer.plain(405));
      return Answer.TURNED_AWAY;
    }
    String redirectUri = signIn.redirectUri(exchange);
    int length = request.queryEnd - request.queryStart;
    if (length < 2 || redirectUri.isEmpty()) {
      refuse(exchange, false, "there is no code");
      return Answer.TURNED_AWAY;
    }
    long client =
        Networks.isIpv4(request.clientHigh, request.clientLow)
            ? request.clientLow
            : request.clientHigh;
    if (!signIn.attempts().admit(client, loop.now(), loop.verdict())) {
      exchange.turnAwayFor(loop.verdict().waitNanos());
      return Answer.TURNED_AWAY;
    }
    String query =
        new String(request.bytes, request.queryStart + 1, length - 1, StandardCharsets.ISO_8859_1);
    String browser = signIn.browser(exchange);
    Ticket ticket = new Ticket(exchange);
    boolean taken =
        signIn
            .desk()
            .take(() -> {
              if (!ticket.gone) {
                Outcome outcome = look(query, browser, redirectUri);
                tell(loop, () -> settle(loop, ticket, outcome));
              }
            });
    if (!taken) {
      exchange.shed();
      return Answer.TURNED_AWAY;
    }
    exchange.hold(ticket, PATIENCE_NANOS);
    return Answer.HELD;
  }

  private Outcome look(String query, String browser, String redirectUri) {
    try {
      return signIn.client().finish(signIn.newSeal(), query, browser, redirectUri);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a mistake of ours when somebody signed in", e);
      return new Outcome.Unavailable();
    }
  }

  private static void tell(HttpLoop loop, Runnable news) {
    try {
      loop.loop().eventLoop().execute(news);
    } catch (RejectedExecutionException _) {
      // The instance has stopped, and whoever waited is gone.
    }
  }

  /** On the event loop that asked. */
  private void settle(HttpLoop loop, Ticket ticket, Outcome outcome) {
    loop.touch();
    if (ticket.gone) {
      return;
    }
    Exchange exchange = ticket.exchange;
    try {
      switch (outcome) {
        case Outcome.SignedIn(var session, String cookie, String target, _) -> {
          exchange.identified(session.who());
          go(exchange, target, signIn.keep(exchange, cookie));
        }
        case Outcome.TooLate(String target) -> go(exchange, target, "");
        case Outcome.Refused(boolean denied, String why) -> refuse(exchange, denied, why);
        case Outcome.Unavailable _ -> exchange.answer(ErrorReason.AUTH_UNAVAILABLE);
      }
    } catch (RuntimeException e) {
      Failures.log(e);
      exchange.broken();
    }
  }

  private static void go(Exchange exchange, String target, String fields) {
    exchange.answerInstead(
        LocalAnswer.ofSignIn(
            303, null, "location: " + target + "\r\n" + fields, "You have signed in."));
  }

  private static void refuse(Exchange exchange, boolean denied, String why) {
    ErrorReason reason = denied ? ErrorReason.FORBIDDEN : ErrorReason.UNAUTHENTICATED;
    exchange.turnAway(
        reason,
        LocalAnswer.ofSignIn(
            reason.status(),
            reason,
            "",
            "You have not been signed in: " + why + ". Go to the page you wanted once more."));
  }

  @Override
  @Nullable ErrorReason explain(Head request, List<String> said) {
    said.add("oidc: a browser that comes back from the provider brings a code");
    return null;
  }
}
