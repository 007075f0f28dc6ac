package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedView;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What an operator may have done with databases that Fairlead manages. */
final class ManagedApi {
  @Doc("How this instance manages a database.")
  record Managed(
      @Doc("Whether this instance decides who takes the writes.") boolean coordinates,
      @Doc("Whether nothing is done until an operator says so.") boolean paused,
      @Doc("The highest term that has begun.") long term,
      @Doc("What a commit waits for.") String waitsFor,
      @Doc("What is going on; null: nothing.") @Nullable String doing,
      @Doc("Members, as the instances that run them see them.") List<Own> members,
      @Doc("How the last failover went.") List<Step> steps) {
    static Managed of(ManagedView view) {
      return new Managed(
          view.coordinates(),
          view.paused(),
          view.term(),
          view.names(),
          view.doing().isEmpty() ? null : view.doing(),
          view.members().stream()
              .map(one ->
                  new Own(
                      one.name(),
                      one.instance().isEmpty() ? null : one.instance(),
                      one.doing(),
                      one.trouble().isEmpty() ? null : one.trouble(),
                      one.pid() == 0 ? null : one.pid(),
                      one.damage().isEmpty() ? null : one.damage()))
              .toList(),
          view.steps().stream().map(one -> new Step(one.what(), one.millis())).toList());
    }
  }

  @Doc("A member as the instance that runs it sees it.")
  record Own(
      String name,
      @Doc("Which instance of the group; null: this one, which is alone.")
          @Nullable String instance,
      String doing,
      @Doc("What is in the way; null: nothing.") @Nullable String trouble,
      @Doc("Process of its server; null: none runs.") @Nullable Long pid,
      @Doc("Which page of its data is not what was written; null: none is known.")
          @Nullable String damage) {}

  @Doc("A step of a failover.")
  record Step(String what, @Doc("Since it began.") long millis) {}

  @Doc("What came of it.")
  record Done(@Doc("For people.") String text) {}

  /** What an operator may ask for; answers what came of it. */
  private interface Order {
    String give(DatabaseManager database, Call call) throws IOException;
  }

  private final Instance instance;

  ManagedApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        order(
            "/api/v1/databases/{name}/switchover",
            "Lets the writes of a managed database go to another member, in order.",
            List.of(new Parameter("to", "That member; default: whoever is fit.", false, false)),
            (database, call) -> {
              String to = call.query("to");
              return database.switchover(to == null ? "" : to) + " takes the writes";
            }),
        order(
            "/api/v1/databases/{name}/pause",
            "Leaves a managed database alone: nobody is elected, nothing is started.",
            List.of(),
            (database, call) -> {
              database.pause(call.who());
              return "it is left alone: nobody is elected, nothing is started";
            }),
        order(
            "/api/v1/databases/{name}/resume",
            "Manages it again.",
            List.of(),
            (database, call) -> {
              database.resume(call.who());
              return "it is managed again";
            }),
        order(
            "/api/v1/databases/{name}/members/{member}/reinit",
            "Gives up the data of a replica for a new copy of the primary's.",
            List.of(),
            (database, call) -> {
              database.reinit(call.path("member"));
              return call.path("member") + " is copied anew";
            }),
        order(
            "/api/v1/databases/{name}/bootstrap",
            "Has a Galera cluster of which no part has a quorum begin anew with what one member has;"
                + " what only others have is lost. The same of PostgreSQL where too few members are"
                + " left to know who has everything; and a damaged one is promoted, if nobody else"
                + " can be.",
            List.of(
                new Parameter("member", "Which one.", true, false),
                new Parameter("allow-data-loss", "true; without it nothing is done.", true, false)),
            (database, call) -> {
              if (!"true".equals(call.query("allow-data-loss"))) {
                throw new IOException(
                    "what only other members have would be lost: say allow-data-loss");
              }
              String member = call.query("member");
              return database.bootstrap(member == null ? "" : member);
            }));
  }

  private Endpoint order(String path, String doc, List<Parameter> parameters, Order order) {
    return new Endpoint(
        "POST",
        path,
        Role.OPERATOR,
        doc,
        parameters,
        Body.NONE,
        Map.of(Api.JSON, Done.class),
        call -> {
          String name = call.path("name");
          DatabaseManager database = instance.managed(name);
          if (database == null) {
            throw Refusal.of(404, "This instance manages no database " + name + ".");
          }
          try {
            String done = order.give(database, call);
            instance.events().add(new Event.Audit(call.who(), name + ": " + done));
            return Answer.json(new Done(done));
          } catch (IOException e) {
            throw Refusal.of(409, String.valueOf(e.getMessage()));
          }
        });
  }
}
