package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.telemetry.Event;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who asks, what they may do, and how that ends. */
final class SessionApi {
  private static final String PATH = "/api/v1/session";

  private final Instance instance;
  private final @Nullable AdminSignIn signIn;
  private final boolean tokens;

  /**
   * @param signIn null: nobody signs in
   * @param tokens whether there are any
   */
  SessionApi(Instance instance, @Nullable AdminSignIn signIn, boolean tokens) {
    this.instance = instance;
    this.signIn = signIn;
    this.tokens = tokens;
  }

  /** Whoever asks. */
  record SessionView(
      @Doc("address: nobody needs to say who it is; token; oidc: somebody has signed in; none.")
          String by,
      @Doc("As audit events name them; none: null.") @Nullable String name,
      @Doc("The highest they have: viewer, analyst or operator; null: none.") @Nullable String role,
      @Doc("With oidc: when the session ends, in milliseconds since 1970.") @Nullable Long until,
      @Doc("Whether tokens are taken here.") boolean tokens,
      @Doc("Where a browser signs in; null: nobody does here.") @Nullable String signIn,
      @Doc("Why nobody can sign in at the moment.") @Nullable String trouble) {}

  /** What has become of a session. */
  record SignedOut(
      @Doc("Where the browser ends its session at the provider; null: there is no such page.")
          @Nullable String provider) {}

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint(
            "GET",
            PATH,
            null,
            "Who asks, what they may do, and how somebody signs in.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, SessionView.class),
            this::session),
        new Endpoint(
            "DELETE",
            PATH,
            null,
            "Ends the session of who has signed in.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, SignedOut.class),
            this::end));
  }

  private Answer session(Call call) {
    Caller caller = call.caller();
    Role role = caller.role();
    return Answer.json(
        new SessionView(
            switch (caller) {
              case Caller.Anybody _ -> "address";
              case Caller.Stranger _ -> "none";
              case Caller.Holder _ -> "token";
              case Caller.Person _ -> "oidc";
            },
            caller instanceof Caller.Stranger ? null : caller.name(),
            role == null ? null : Gate.lower(role),
            caller instanceof Caller.Person person ? person.until() : null,
            tokens,
            signIn == null ? null : signIn.config().url() + AdminSignIn.PATH,
            signIn == null || signIn.client().isReady() ? null : SignInPages.trouble(signIn)));
  }

  private Answer end(Call call) {
    if (signIn == null || !(call.caller() instanceof Caller.Person person)) {
      throw Refusal.of(409, "There is no session to end: nobody has signed in.");
    }
    signIn.end(person);
    instance.events().add(new Event.Audit(person.name(), "signed out"));
    String provider = signIn.client().endSession("");
    return new Answer.WithCookies(
        new Answer.Whole(
            200,
            Api.JSON,
            Json.bytes(new SignedOut(provider.isEmpty() ? null : provider)),
            Map.of()),
        signIn.forget());
  }
}
