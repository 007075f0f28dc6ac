package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.config.DeployConfig;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.Release;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Which version of a service there is, and deploys of another one. */
final class DeploysApi {
  private static final String DEPLOY = "/api/v1/services/{service}/deploy";

  private final Instance instance;

  @Doc("Versions of a service.")
  record Deploys(
      String service,
      @Doc("That gets the requests, or did before the deploy; empty: it has no name.")
          String version,
      @Doc("What goes on, or the last that did; null: there was none.") @Nullable Deploy deploy,
      @Doc("Deploys that are over, oldest first.") List<Deploy> past) {
    static Deploys of(DeployView view) {
      return new Deploys(
          view.service(),
          view.version(),
          view.deploy().startedMillis() == 0 ? null : Deploy.of(view.deploy()),
          view.past().stream().map(Deploy::of).toList());
    }
  }

  @Doc("A deploy of another version.")
  record Deploy(
      @Doc("waiting, preparing, shifting, finishing, done or rolled-back.") String state,
      String from,
      String to,
      @Doc("Who wanted it.") String who,
      @Doc("Milliseconds since 1970.") long started,
      @Doc("Milliseconds since 1970; null: it goes on.") @Nullable Long ended,
      @Doc("From 1; 0: the first has not begun.") int step,
      int steps,
      @Doc("Share of all requests that the new version gets, 0 to 1.") double share,
      @Doc("Share of all requests that it could spoil if it got all, for all that is known.")
          double possible,
      @Doc("Requests of the old version that were compared.") long oldRequests,
      @Doc("The same of the new version.") long newRequests,
      @Doc("Nodes of the new version; 0 where Fairlead starts none.") int wanted,
      @Doc("Of these, those that serve.") int serving,
      @Doc("Why it is where it is, in words.") String why) {
    static Deploy of(DeployView.Deploy one) {
      return new Deploy(
          one.state(),
          one.from(),
          one.to(),
          one.who(),
          one.startedMillis(),
          one.endedMillis() == 0 ? null : one.endedMillis(),
          one.step(),
          one.steps(),
          one.share(),
          one.possible(),
          one.oldRequests(),
          one.newRequests(),
          one.wanted(),
          one.serving(),
          one.why());
    }
  }

  @Doc("Another version, or what is to become of the deploy that goes on.")
  record DeployBody(
      @Doc("The version that the service is to have.") @Nullable String version,
      @Doc("What its nodes run in place of scale.command; needs admin.allow-commands.")
          @Nullable List<String> command,
      @Doc("The same for scale.image.") @Nullable String image,
      @Doc("abort or promote, in place of a version.") @Nullable String action) {}

  DeploysApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            DEPLOY,
            "Which version a service has, and how far the deploy of another one is.",
            List.of(),
            Deploys.class,
            this::deploys),
        Api.change(
            "POST",
            DEPLOY,
            "Deploys another version, or ends the deploy that goes on: back (abort) or at once"
                + " (promote).",
            Body.DEPLOY,
            Deploys.class,
            this::set));
  }

  private Answer deploys(Call call) {
    return Answer.json(Deploys.of(view(call)));
  }

  private DeployView view(Call call) {
    String name = call.path("service");
    DeployView view = instance.deploys(name);
    if (view == null) {
      throw Refusal.notFound(
          "There is no service " + name + ".",
          instance.services().stream().map(Service::name).toList(),
          name);
    }
    return view;
  }

  private Answer set(Call call) {
    DeployView view = view(call);
    JsonNode body = Json.object(call.body());
    for (String key : body.propertyNames()) {
      if (!List.of("version", "command", "image", "action").contains(key)) {
        throw Refusal.of(400, key + ": unknown; there are version, command, image, action.");
      }
    }
    String version = text(body, "version");
    String action = text(body, "action");
    if (version.isEmpty() == action.isEmpty()) {
      throw Refusal.of(400, "version or action: one of them must be given.");
    }
    NodeOutcome outcome;
    String what;
    if (version.isEmpty()) {
      if (!List.of("abort", "promote").contains(action)) {
        throw Refusal.of(400, "action: must be abort or promote (was " + action + ").");
      }
      what = action + " the deploy of " + view.service();
      outcome = instance.endDeploy(view.service(), action.equals("promote"), call.who());
    } else {
      if (!DeployConfig.isVersion(version)) {
        throw Refusal.of(
            400,
            "version: must be up to 64 letters, digits, dots, dashes and underscores (was "
                + version
                + ").");
      }
      what = "deploy version " + version + " of " + view.service();
      outcome =
          instance.deploy(
              view.service(), new Release(version, command(body), text(body, "image")), call.who());
    }
    return switch (outcome) {
      case NodeOutcome.Done _ -> {
        instance.events().add(new Event.Audit(call.who(), what));
        yield deploys(call);
      }
      case NodeOutcome.Already _ -> deploys(call);
      case NodeOutcome.Refused(String why) -> throw Refusal.of(409, why + ".");
    };
  }

  private static String text(JsonNode body, String key) {
    JsonNode value = body.get(key);
    if (value == null || value.isNull()) {
      return "";
    }
    if (!value.isString()) {
      throw Refusal.of(400, key + ": must be text.");
    }
    return value.asString();
  }

  private static List<String> command(JsonNode body) {
    JsonNode value = body.get("command");
    List<String> parts = new ArrayList<>();
    if (value == null || value.isNull()) {
      return parts;
    }
    if (!value.isArray()) {
      throw Refusal.of(400, "command: must be a list of texts.");
    }
    for (JsonNode part : value) {
      if (!part.isString()) {
        throw Refusal.of(400, "command: must be a list of texts.");
      }
      parts.add(part.asString());
    }
    return parts;
  }
}
