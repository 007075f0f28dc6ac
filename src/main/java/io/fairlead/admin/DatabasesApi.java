package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.DatabaseView.Change;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.service.Node;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Databases: who takes the writes, who may be read, and since when. */
final class DatabasesApi {
  @Doc("All databases.")
  record Databases(List<Database> databases) {}

  @Doc("Servers that hold the same data.")
  record Database(
      String name,
      @Doc("postgresql or galera.") String engine,
      @Doc("The member that takes the writes; null: none does.") @Nullable String primary,
      @Doc("Why none does; null: one does.") @Nullable String why,
      @Doc("What an operator has to look at; null: nothing.") @Nullable String alarm,
      @Doc("Of PostgreSQL, the timeline in force; null: none is known.") @Nullable Long term,
      @Doc("How many members take writes: one, all, or affinity: all, each key at one of them.")
          String writers,
      @Doc(
              "Where writers is affinity: the keys of routes, in their order; clients of routes"
                  + " without one go by their address. Else none.")
          List<KeyWriter> keys,
      @Doc("Clients that wait for a member.") int waiting,
      @Doc(
              "Connections that were cut because their member lost its role, or their key has another,"
                  + " since the start.")
          long cut,
      @Doc("Connections that went to another member because the first had not said a word.")
          long moved,
      @Doc(
              "Sessions that ended between two transactions because their member drained, or their"
                  + " key has another.")
          long ended,
      @Doc("In the order of the configuration.") List<Member> members,
      @Doc("The last times that the writes went elsewhere, oldest first; 16 at most.")
          List<Handover> changes,
      @Doc("How this instance manages it; null: somebody else does.")
          ManagedApi.@Nullable Managed managed,
      @Doc("Whether it is backed up.") boolean backedUp) {
    static Database of(DatabaseReport report, @Nullable DatabaseManager managed, boolean backedUp) {
      DatabaseView view = report.view();
      return new Database(
          view.name(),
          view.engine().name().toLowerCase(Locale.ROOT),
          textOrNull(view.primary()),
          textOrNull(view.why()),
          textOrNull(view.alarm()),
          view.term() == 0 ? null : view.term(),
          report.writers().name().toLowerCase(Locale.ROOT),
          report.keys().stream()
              .map(one -> new KeyWriter(one.key(), textOrNull(one.member())))
              .toList(),
          report.waiting(),
          report.cut(),
          report.moved(),
          report.ended(),
          view.members().stream().map(one -> Member.of(one, view.engine())).toList(),
          view.changes().stream().map(Handover::of).toList(),
          managed == null ? null : ManagedApi.Managed.of(managed.view()),
          backedUp);
    }
  }

  @Doc("Where a key is written.")
  record KeyWriter(
      String key,
      @Doc("The member that takes its writes at this moment; null: none does.")
          @Nullable String member) {}

  @Doc("A member of a database.")
  record Member(
      String name,
      String address,
      @Doc("primary, replica or none.") String role,
      @Doc("up, down or draining.") String state,
      @Doc("Whether connections that write go to it.") boolean writes,
      @Doc("Whether connections that only read do.") boolean reads,
      @Doc("Why it has that role, or does not answer.") String why,
      @Doc("How old the state of a replica is; null: not known, or it is none.")
          @Nullable Double lagSeconds,
      @Doc("What a replica has still to replay; null: not known, or it is none.")
          @Nullable Long lagBytes,
      @Doc("Of PostgreSQL, in the log, as pg_lsn; null: not known.") @Nullable String position,
      @Doc("Connections of clients that are relayed there.") int connections) {
    static Member of(MemberView view, DatabaseEngine engine) {
      Node node = view.node();
      boolean up = node.facts().up();
      return new Member(
          node.name(),
          node.address().toString(),
          view.role().kind().word(),
          node.facts().state(),
          view.role().writes() && node.isAvailable(),
          view.role().reads() && node.isAvailable(),
          up ? view.role().why() : node.facts().reason(),
          view.lagSeconds().isPresent() ? view.lagSeconds().getAsDouble() : null,
          orNull(view.lagBytes()),
          view.position().isPresent() ? lsn(view.position().getAsLong()) : null,
          node.inFlight());
    }

    private static @Nullable Long orNull(OptionalLong value) {
      return value.isPresent() ? value.getAsLong() : null;
    }

    private static String lsn(long position) {
      return String.format(Locale.ROOT, "%X/%X", position >>> 32, position & 0xFFFFFFFFL);
    }
  }

  @Doc("The writes went elsewhere.")
  record Handover(
      long epochMillis,
      @Doc("The member that took them before; null: none was known.") @Nullable String from,
      @Doc("The member that takes them.") String to,
      @Doc("Of PostgreSQL, the timeline; null: there are none.") @Nullable Long term,
      @Doc("How long nobody took them in between.") long nobodyMillis) {
    static Handover of(Change change) {
      return new Handover(
          change.epochMillis(),
          textOrNull(change.from()),
          change.to(),
          change.term() == 0 ? null : change.term(),
          change.nobodyMillis());
    }
  }

  private final Instance instance;

  DatabasesApi(Instance instance) {
    this.instance = instance;
  }

  Endpoint endpoint() {
    return new Endpoint(
        "GET",
        "/api/v1/databases",
        Role.VIEWER,
        "Databases: who takes the writes, who may be read.",
        List.of(),
        Body.NONE,
        Map.of(Api.JSON, Databases.class),
        this::databases);
  }

  private Answer databases(Call call) {
    return Answer.json(
        new Databases(
            instance.databases().stream()
                .map(one ->
                    Database.of(
                        one,
                        instance.managed(one.view().name()),
                        instance.backups(one.view().name()) != null))
                .toList()));
  }

  private static @Nullable String textOrNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
