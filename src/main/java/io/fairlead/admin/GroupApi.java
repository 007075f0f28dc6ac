package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.group.Group;
import io.fairlead.group.GroupException;
import io.fairlead.telemetry.Event;
import java.util.List;
import java.util.Map;

/** The instances of the group, and their configurations. */
final class GroupApi {
  static final String BYTES = "application/octet-stream";

  private final Instance instance;

  GroupApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            "/api/v1/instances",
            "The instances of the group: who is there, who votes, who leads.",
            List.of(),
            GroupViews.Instances.class,
            _ -> Answer.json(GroupViews.Instances.of(instance.group()))),
        new Endpoint(
            "DELETE",
            "/api/v1/instances/{instance}",
            Role.OPERATOR,
            "Takes an instance out of the group.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, GroupViews.Removed.class),
            this::remove),
        new Endpoint(
            "POST",
            "/api/v1/instances/{instance}/drain",
            Role.OPERATOR,
            "Takes an instance out: names are not answered with it, and it gives up its virtual IPs,"
                + " until it is taken in again, also after it was started anew. It goes on serving"
                + " who comes.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, GroupViews.Drained.class),
            call -> drain(call, true)),
        new Endpoint(
            "POST",
            "/api/v1/instances/{instance}/undrain",
            Role.OPERATOR,
            "Takes an instance in again.",
            List.of(),
            Body.NONE,
            Map.of(Api.JSON, GroupViews.Drained.class),
            call -> drain(call, false)),
        Api.get(
            "/api/v1/config/history",
            "Configurations of the group; without one, those that were in force in this process.",
            List.of(),
            GroupViews.History.class,
            this::history),
        new Endpoint(
            "POST",
            "/api/v1/config/rollback",
            Role.OPERATOR,
            "Puts an earlier configuration into force again, as a new version; in a group in all"
                + " instances.",
            List.of(new Parameter("version", "Its number.", true, false)),
            Body.NONE,
            Map.of(Api.JSON, Views.ConfigChange.class),
            this::rollback));
  }

  /** The group, or a refusal that says what to do. */
  static Group group(Instance instance, String what) {
    Group group = instance.group();
    if (group == null) {
      throw Refusal.of(
          409,
          what
              + " needs a group, and one instance is enough for it: configure group: { name: NAME,"
              + " instance: NAME }.");
    }
    return group;
  }

  /** As a problem document. */
  static Refusal refusal(GroupException e) {
    String detail = String.valueOf(e.getMessage());
    String sentence = Character.toUpperCase(detail.charAt(0)) + detail.substring(1) + ".";
    return switch (e.kind()) {
      case UNAVAILABLE, UNKNOWN -> Refusal.later(sentence);
      case CONFLICT -> Refusal.of(409, sentence);
      case REFUSED -> Refusal.of(400, sentence);
    };
  }

  private Answer remove(Call call) {
    String name = call.path("instance");
    Group group = group(instance, "Taking an instance out");
    try {
      if (!group.remove(name)) {
        throw Refusal.notFound(
            "There is no instance " + name + ".",
            group.view().members().stream().map(Group.Member::name).toList(),
            name);
      }
    } catch (GroupException e) {
      throw refusal(e);
    }
    instance
        .events()
        .add(new Event.Audit(call.who(), "took instance " + name + " out of the group"));
    return Answer.json(new GroupViews.Removed(name));
  }

  private Answer drain(Call call, boolean wanted) {
    String name = call.path("instance");
    Group group = group(instance, "Taking an instance out or in");
    List<String> names = group.view().members().stream().map(Group.Member::name).toList();
    if (!names.contains(name)) {
      throw Refusal.notFound("There is no instance " + name + ".", names, name);
    }
    int seconds = instance.resolverSeconds(name);
    boolean changed;
    try {
      changed = group.frontEnds().drain(name, wanted);
    } catch (GroupException e) {
      throw refusal(e);
    }
    instance
        .events()
        .add(
            new Event.Audit(call.who(), "took instance " + name + (wanted ? " out" : " in again")));
    return Answer.json(new GroupViews.Drained(name, wanted, changed, wanted ? seconds : 0));
  }

  private Answer history(Call call) {
    try {
      Group group = instance.group();
      return Answer.json(
          new GroupViews.History(
              (group == null ? instance.pastConfigs() : group.versions().history())
                  .stream().map(GroupViews.VersionView::of).toList()));
    } catch (GroupException e) {
      throw refusal(e);
    }
  }

  private Answer rollback(Call call) {
    String number = call.query("version");
    if (number == null || !number.matches("[0-9]{1,9}")) {
      throw Refusal.of(400, "Say to which version: /api/v1/config/rollback?version=3");
    }
    Group group = instance.group();
    try {
      long version = Long.parseLong(number);
      String text = group == null ? instance.pastConfig(version) : group.versions().text(version);
      if (text == null) {
        throw Refusal.of(404, "There is no version " + number + ", or it is not kept any more.");
      }
      return Api.configAnswer(
          instance,
          instance.applyAgain(text, call.who() + ", version " + number + " again"),
          call.who(),
          "went back to version " + number);
    } catch (GroupException e) {
      throw refusal(e);
    }
  }
}
