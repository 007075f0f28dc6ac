package io.fairlead.admin;

import io.fairlead.config.AdminConfig.Role;
import io.fairlead.identity.OidcClient.Outcome;
import io.fairlead.telemetry.Event;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where browsers go to sign in and where the provider sends them back. Nothing in these addresses
 * says where a browser goes afterwards: to the dashboard, always.
 */
final class SignInPages {
  /** Nothing on these pages runs, and nobody frames them. */
  private static final Map<String, String> FIELDS =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action"
              + " 'none'; frame-ancestors 'none'",
          "Referrer-Policy",
          "no-referrer", // the address has a code in it
          "Cross-Origin-Opener-Policy",
          "same-origin");

  private final AdminSignIn signIn;
  private final Instance instance;
  private final boolean tokens;

  /**
   * @param tokens whether there are any, for words
   */
  SignInPages(AdminSignIn signIn, Instance instance, boolean tokens) {
    this.signIn = signIn;
    this.instance = instance;
    this.tokens = tokens;
  }

  static boolean has(String path) {
    return path.equals(AdminSignIn.PATH) || path.equals(AdminSignIn.CALLBACK);
  }

  /**
   * Answers for one of these addresses.
   *
   * @param query what is behind the question mark, or null
   * @param remote address that the request came from
   */
  Answer answer(
      String path, String method, @Nullable String query, Gate.Fields fields, String remote) {
    if (!method.equals("GET")) {
      return Door.wrongMethod(Set.of("GET"));
    }
    String host = fields.first("host");
    boolean here = host != null && host.toLowerCase(Locale.ROOT).equals(signIn.config().host());
    if (path.equals(AdminSignIn.PATH)) {
      // Cookies are good at one host only, so that is where it begins.
      return here ? begin(fields) : go(302, signIn.config().url() + AdminSignIn.PATH, List.of());
    }
    return here
        ? back(query == null ? "" : query, fields, remote)
        : page(421, "This is not where the provider sends browsers back.", List.of());
  }

  private Answer begin(Gate.Fields fields) {
    AdminSignIn.Begun begun = signIn.begin(fields);
    return begun == null
        ? unavailable(List.of())
        : go(302, begun.location(), List.of(begun.cookie()));
  }

  private Answer back(String query, Gate.Fields fields, String remote) {
    if (!signIn.admits(remote)) {
      return page(429, "Too many have come back from the provider just now. Wait some seconds.");
    }
    if (!signIn.codes().tryAcquire()) {
      return page(503, "Too many sign in at this moment. Wait some seconds.");
    }
    Outcome outcome;
    try {
      outcome = signIn.finish(fields, query);
    } finally {
      signIn.codes().release();
    }
    return switch (outcome) {
      case Outcome.SignedIn signedIn -> signedIn(signedIn, fields);
      case Outcome.TooLate _ -> page(401, "You have not been signed in: it took too long.");
      case Outcome.Refused(boolean denied, String why) ->
          page(denied ? 403 : 401, "You have not been signed in: " + why + ".");
      case Outcome.Unavailable _ -> unavailable(List.of());
    };
  }

  private Answer signedIn(Outcome.SignedIn signedIn, Gate.Fields fields) {
    Caller.Person before = signIn.person(fields);
    if (before != null) {
      signIn.end(before);
    }
    Caller.Person person = signIn.person(signedIn.session(), signedIn.cookie());
    Role role = person.role();
    if (role != null) {
      audit(person, "signed in as " + Gate.lower(role));
      return go(303, "/", signIn.keep(signedIn.cookie()));
    }
    audit(person, "signed in at the provider and has no role");
    List<String> claims = signIn.config().claims();
    List<String> absent = claims.stream().filter(signedIn.absent()::contains).toList();
    return page(
        403,
        "You have signed in as "
            + person.name()
            + ", and have no role here: no rule of admin.oidc.roles is fulfilled. They look for the"
            + " claims "
            + String.join(", ", claims)
            + (absent.isEmpty()
                ? "; your ID token has all of them, but not as any rule asks for."
                : "; your ID token does not have "
                    + String.join(", ", absent)
                    + ": the provider may have to be told to put that in, or scopes to ask for it."),
        signIn.forget(),
        signIn.client().endSession(""));
  }

  private void audit(Caller.Person person, String what) {
    instance.events().add(new Event.Audit(person.name(), what));
  }

  private Answer unavailable(List<String> cookies) {
    return page(
        503,
        trouble(signIn) + (tokens ? " Tokens work as ever, at the dashboard, too." : ""),
        cookies);
  }

  /** In plain words, why nobody can sign in. */
  static String trouble(AdminSignIn signIn) {
    String why = signIn.client().trouble();
    return "Nobody can sign in at "
        + signIn.config().client().issuer()
        + " now: "
        + (why.isEmpty() ? "it has not answered yet" : why)
        + ".";
  }

  private static Answer go(int status, String location, List<String> cookies) {
    return new Answer.WithCookies(
        new Answer.Whole(
            status,
            "text/plain; charset=utf-8",
            new byte[0],
            Map.of("Location", location, "Referrer-Policy", "no-referrer")),
        cookies);
  }

  private static Answer page(int status, String words) {
    return page(status, words, List.of());
  }

  private static Answer page(int status, String words, List<String> cookies) {
    return page(status, words, cookies, "");
  }

  /**
   * A page of words.
   *
   * @param provider where somebody signs out at the provider, to be somebody else then; empty:
   *     nowhere
   */
  private static Answer page(int status, String words, List<String> cookies, String provider) {
    String other =
        provider.isEmpty()
            ? ""
            : " · <a id=\"other\" href=\"%s\">Sign out at the provider, to be somebody else</a>"
                .formatted(escaped(provider));
    String html =
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Sign in · Fairlead</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/dashboard.css">
        </head><body><main><h1>%s</h1><p id="why">%s</p>
        <p><a href="%s">Sign in again</a> · <a href="/">To the dashboard</a>%s</p></main></body></html>
        """
            .formatted(Problem.title(status), escaped(words), AdminSignIn.PATH, other);
    return new Answer.WithCookies(
        new Answer.Whole(
            status, "text/html; charset=utf-8", html.getBytes(StandardCharsets.UTF_8), FIELDS),
        cookies);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
