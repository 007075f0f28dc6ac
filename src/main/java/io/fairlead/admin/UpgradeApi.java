package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.group.GroupException;
import io.fairlead.group.Upgrade;
import io.fairlead.telemetry.Event;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Replacing instances by new processes of the program that is in their place now. */
final class UpgradeApi {
  private final Instance instance;

  UpgradeApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            "/api/v1/upgrade",
            "How far the replacement of instances by new processes is, or how the last one ended.",
            List.of(),
            UpgradeView.class,
            _ -> answer()),
        new Endpoint(
            "POST",
            "/api/v1/upgrade",
            Role.OPERATOR,
            "Has all instances of the group replaced, one after another, by a new process of the"
                + " program that is in its place now; without a group, this one.",
            List.of(
                new Parameter(
                    "instances",
                    "Names with commas between them; default: all that are there.",
                    false,
                    false)),
            Body.NONE,
            Map.of(Api.JSON, UpgradeView.class),
            this::begin),
        new Endpoint(
            "DELETE",
            "/api/v1/upgrade",
            Role.OPERATOR,
            "Replaces no more instances than the one whose turn it is.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, UpgradeView.class),
            this::stop));
  }

  @Doc("The replacement of instances by new processes.")
  record UpgradeView(
      @Doc("Whether one is under way.") boolean running,
      @Doc("Who asked for it; null: none is known of.") @Nullable String who,
      @Doc("Milliseconds since 1970; null: none is known of.") @Nullable Long since,
      @Doc("Instances whose new process is there.") List<String> done,
      @Doc("Instances that are not replaced, the next one first.") List<String> open,
      @Doc("Why it has ended before its time; empty: it has not.") String failed) {
    static UpgradeView of(Upgrade.@Nullable View view) {
      return view == null
          ? new UpgradeView(false, null, null, List.of(), List.of(), "")
          : new UpgradeView(
              view.isRunning(), view.who(), view.since(), view.done(), view.open(), view.failed());
    }
  }

  private UpgradeDoor door() {
    UpgradeDoor door = instance.upgrades();
    if (door == null) {
      throw Refusal.of(409, "This instance cannot be replaced.");
    }
    return door;
  }

  private Answer answer() {
    try {
      return Answer.json(UpgradeView.of(door().view()));
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
  }

  private Answer begin(Call call) {
    String given = call.query("instances");
    Set<String> names =
        given == null || given.isEmpty() ? Set.of() : new TreeSet<>(List.of(given.split(",", -1)));
    try {
      String objection = door().begin(call.who(), names);
      if (objection != null) {
        throw Refusal.of(409, objection);
      }
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
    instance
        .events()
        .add(
            new Event.Audit(
                call.who(),
                "has instances replaced: " + (names.isEmpty() ? "all" : String.join(", ", names))));
    return answer();
  }

  private Answer stop(Call call) {
    try {
      if (!door().stop(call.who())) {
        throw Refusal.of(409, "No instance is being replaced.");
      }
    } catch (GroupException e) {
      throw GroupApi.refusal(e);
    }
    instance.events().add(new Event.Audit(call.who(), "stopped the replacement of instances"));
    return answer();
  }
}
