package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.config.ScaleConfig;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Service;
import io.fairlead.telemetry.Event;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** How many nodes a service has, and why. */
final class ScaleApi {
  private static final String SCALE = "/api/v1/services/{service}/scale";

  private final Instance instance;

  @Doc("Services whose nodes Fairlead starts and stops.")
  record Scales(List<Scale> services) {}

  @Doc("How a service is scaled.")
  record Scale(
      String service,
      @Doc("What starts and stops nodes.") String driver,
      @Doc("Nodes that there should be.") int size,
      int min,
      int max,
      @Doc("A size that somebody has asked for; null: as many as needed.") @Nullable Integer manual,
      @Doc("Decisions are told and not carried out.") boolean dryRun,
      @Doc("Whether this instance carries them out.") boolean acting,
      @Doc("Why the size is what it is, in words.") String why,
      @Doc("Requests in flight that are expected.") double demand,
      @Doc("Requests that a node is to have in flight; 0: not known yet.") double perNode,
      @Doc("What the start of a node takes.") double startSeconds,
      @Doc("Starts that led to a node that serves, since the process began.") long starts,
      @Doc("Starts that did not.") long failedStarts,
      @Doc("Nodes that Fairlead has started.") List<ScaleNode> nodes,
      @Doc("The last changes of the size, oldest first.") List<ScaleChange> changes,
      @Doc("Agents on other machines, that start and stop the nodes.") List<ScaleAgent> agents) {
    static Scale of(ScaleView view) {
      return new Scale(
          view.service(),
          view.driver(),
          view.size(),
          view.min(),
          view.max(),
          view.manual() < 0 ? null : view.manual(),
          view.dryRun(),
          view.acting(),
          view.why(),
          view.demand(),
          view.perNode(),
          view.startSeconds(),
          view.starts(),
          view.failedStarts(),
          view.nodes().stream()
              .map(node ->
                  new ScaleNode(
                      node.name(),
                      node.address(),
                      node.id(),
                      node.state(),
                      node.version(),
                      node.ageSeconds(),
                      node.inFlight()))
              .toList(),
          view.changes().stream()
              .map(one -> new ScaleChange(one.epochMillis(), one.from(), one.to(), one.why()))
              .toList(),
          view.agents().stream().map(ScaleAgent::of).toList());
    }
  }

  @Doc("An agent that starts and stops nodes on its machine.")
  record ScaleAgent(
      String name,
      String url,
      @Doc("Where its nodes stand.") String zone,
      @Doc("Whether it answered when it was last asked.") boolean answers,
      @Doc("For how long it has not.") double silentSeconds,
      @Doc("Nodes of this service and this front end, or its group, that are there.") int nodes,
      @Doc("Nodes of this service that run there, of all front ends.") int runs,
      @Doc("Nodes of this service that it may run.") int most,
      @Doc("Processors of its machine; 0: not known.") int cores,
      @Doc("Processes that run or wait for a processor, mean of a minute; -1: not known.")
          double load,
      @Doc("Bytes; -1: not known.") long memory,
      @Doc("Bytes that programs could still have; -1: not known.") long memoryFree,
      @Doc("Bytes that are free where the agent's folder is; -1: not known.") long diskFree,
      @Doc("What matters of it, in a sentence.") String words) {
    static ScaleAgent of(ScaleView.AgentView view) {
      return new ScaleAgent(
          view.name(),
          view.url(),
          view.zone(),
          view.answers(),
          view.silentSeconds(),
          view.nodes(),
          view.runs(),
          view.most(),
          view.cores(),
          view.load(),
          view.memory(),
          view.memoryFree(),
          view.diskFree(),
          view.words());
    }
  }

  @Doc("A node that Fairlead has started.")
  record ScaleNode(
      String name,
      @Doc("Empty: not known yet.") String address,
      @Doc("What the driver knows it by, such as process 4711.") String id,
      @Doc("starting, stopping, or its state as a node.") String state,
      @Doc("Empty: it has none.") String version,
      @Doc("Since it was started or found.") double ageSeconds,
      int inFlight) {}

  @Doc("Another size.")
  record ScaleChange(
      @Doc("Milliseconds since 1970.") long time, int from, int to, @Doc("In words.") String why) {}

  @Doc("How many nodes there are to be.")
  record ScaleBody(@Doc("From min to max; null: as many as needed.") @Nullable Integer size) {}

  ScaleApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            "/api/v1/scale",
            "All services whose nodes Fairlead starts and stops.",
            List.of(),
            Scales.class,
            _ ->
                Answer.json(
                    new Scales(
                        instance.services().stream()
                            .map(service -> instance.scale(service.name()))
                            .filter(Objects::nonNull)
                            .map(Scale::of)
                            .toList()))),
        Api.get(
            SCALE,
            "How many nodes of a service Fairlead runs, and why.",
            List.of(),
            Scale.class,
            this::scale),
        Api.change(
            "POST",
            SCALE,
            "Has so many nodes from now on, or as many as needed again.",
            Body.SCALE,
            Scale.class,
            this::set));
  }

  private Answer scale(Call call) {
    return Answer.json(Scale.of(view(call)));
  }

  private ScaleView view(Call call) {
    String name = call.path("service");
    ScaleView view = instance.scale(name);
    if (view != null) {
      return view;
    }
    List<String> names = instance.services().stream().map(Service::name).toList();
    if (!names.contains(name)) {
      throw Refusal.notFound("There is no service " + name + ".", names, name);
    }
    throw Refusal.of(
        409, "Service " + name + " has no scale in the configuration: Fairlead starts no nodes.");
  }

  private Answer set(Call call) {
    ScaleView view = view(call);
    JsonNode body = Json.object(call.body());
    for (String key : body.propertyNames()) {
      if (!key.equals("size")) {
        throw Refusal.of(400, key + ": unknown; there is size.");
      }
    }
    JsonNode size = body.get("size");
    if (size == null) {
      throw Refusal.of(400, "size: must be given; null: as many as needed.");
    }
    int wanted = -1;
    if (!size.isNull()) {
      if (!size.isIntegralNumber() || !size.canConvertToInt()) {
        throw Refusal.of(
            400,
            "size: must be a whole number from 0 to " + ScaleConfig.MOST + " (was " + size + ").");
      }
      wanted = size.intValue();
      if (wanted < view.min() || wanted > view.max()) {
        throw Refusal.of(
            409,
            "size: the configuration allows "
                + view.min()
                + " to "
                + view.max()
                + " nodes of "
                + view.service()
                + " (was "
                + wanted
                + ").");
      }
    }
    return switch (instance.setSize(view.service(), wanted, call.who())) {
      case NodeOutcome.Done _ -> {
        instance
            .events()
            .add(
                new Event.Audit(
                    call.who(),
                    "set the size of "
                        + view.service()
                        + (wanted < 0 ? " to as many as needed" : " to " + wanted)));
        yield scale(call);
      }
      case NodeOutcome.Already _ -> scale(call);
      case NodeOutcome.Refused(String why) -> throw Refusal.of(409, why);
    };
  }
}
