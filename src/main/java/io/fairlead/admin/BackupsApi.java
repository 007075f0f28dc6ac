package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.telemetry.Event;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Backups of databases: what can be restored, and having them made and tried. */
final class BackupsApi {
  private static final String BACKUPS = "/api/v1/databases/{name}/backups";

  @Doc("Backups of a database.")
  record Backups(
      String database,
      String folder,
      @Doc("Whether this instance takes care of them.") boolean acting,
      @Doc("The member whose log is received; null: none is at this moment.") @Nullable String from,
      @Doc("Up to where the log is there, as the server writes it; null: there is none.")
          @Nullable String position,
      @Doc("Timeline of that position; of MariaDB, the part of the log.") int timeline,
      @Doc("What the primary has written beyond that.") long lagBytes,
      @Doc("How old the oldest is that is not there.") long lagMillis,
      @Doc("What keeps the log from coming; null: nothing.") @Nullable String trouble,
      @Doc("What somebody has to look at; null: nothing.") @Nullable String alarm,
      @Doc("What is being made or tried; null: nothing.") @Nullable String doing,
      @Doc("The first moment that can be restored, in milliseconds since 1970; 0: none.")
          long earliest,
      @Doc("The last moment that can be.") long latest,
      @Doc("The last moment that a drill has restored; 0: none has.") long proven,
      @Doc("Parts of the log that are missing, in words.") List<String> gaps,
      @Doc("When the next backup is due; 0: at once, or not here.") long nextBackup,
      @Doc("When the next drill is due; 0: at once, or not here.") long nextDrill,
      @Doc("When the last backup failed; 0: it did not.") long failed,
      @Doc("Why; null: it did not.") @Nullable String failure,
      @Doc("Oldest first.") List<Copy> copies,
      @Doc("Oldest first, 100 at most.") List<Drill> drills) {
    static Backups of(BackupsView view) {
      return new Backups(
          view.database(),
          view.folder(),
          view.acting(),
          textOrNull(view.from()),
          textOrNull(view.positionText()),
          view.timeline(),
          view.lagBytes(),
          view.lagMillis(),
          textOrNull(view.trouble()),
          textOrNull(view.alarm()),
          textOrNull(view.doing()),
          view.earliestMillis(),
          view.latestMillis(),
          view.provenMillis(),
          view.gaps(),
          view.nextBackupMillis(),
          view.nextDrillMillis(),
          view.failureMillis(),
          textOrNull(view.failure()),
          view.copies().stream().map(Copy::of).toList(),
          view.drills().stream().map(Drill::of).toList());
    }
  }

  @Doc("A copy of all data.")
  record Copy(
      @Doc("When it began, as its name.") String id,
      @Doc("Milliseconds since 1970.") long started,
      @Doc("It can be restored to moments after this.") long ended,
      @Doc("Up to this moment it can be.") long to,
      @Doc("The same as a position in the log.") String position,
      @Doc("The copy that it is on top of, which it takes to restore it; null: it is full.")
          @Nullable String since,
      @Doc("Why it is full where it was to be incremental; null: it is as wanted.")
          @Nullable String note,
      long bytes,
      @Doc("The member that it was taken from.") String from,
      int timeline,
      @Doc("The file of the log without which it goes no further; null: it goes to the end.")
          @Nullable String missing,
      @Doc("What is wrong with it; null: nothing is known.") @Nullable String damaged) {
    static Copy of(BackupsView.Copy copy) {
      return new Copy(
          copy.id(),
          copy.startMillis(),
          copy.endMillis(),
          copy.toMillis(),
          copy.to(),
          textOrNull(copy.since()),
          textOrNull(copy.note()),
          copy.bytes(),
          copy.from(),
          copy.timeline(),
          textOrNull(copy.missing()),
          textOrNull(copy.damaged()));
    }
  }

  @Doc("What a drill has shown.")
  record Drill(
      @Doc("Milliseconds since 1970.") long started,
      @Doc("How long it took.") long millis,
      boolean passed,
      @Doc("The copy that was restored; null: none was.") @Nullable String backup,
      @Doc("The moment that was restored: all that had been committed by then was there.")
          long point,
      @Doc("What was proven, or what was wrong.") String text) {
    static Drill of(BackupsView.Trial trial) {
      return new Drill(
          trial.startMillis(),
          trial.millis(),
          trial.passed(),
          textOrNull(trial.backup()),
          trial.pointMillis(),
          trial.text());
    }
  }

  private final Instance instance;

  BackupsApi(Instance instance) {
    this.instance = instance;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Api.get(
            BACKUPS,
            "Backups of a database: what can be restored, and what was proven.",
            List.of(),
            Backups.class,
            this::backups),
        Api.change(
            "POST",
            BACKUPS,
            "Has a backup made as soon as nothing else is being done.",
            Body.NONE,
            Backups.class,
            this::backUp),
        Api.change(
            "POST",
            BACKUPS + "/drill",
            "Has the backups restored for trial as soon as nothing else is being done.",
            Body.NONE,
            Backups.class,
            this::drill));
  }

  private BackupsView view(Call call) {
    String name = call.path("name");
    BackupsView view = instance.backups(name);
    if (view != null) {
      return view;
    }
    List<String> names =
        instance.databases().stream().map(DatabaseReport::view).map(v -> v.name()).toList();
    if (!names.contains(name)) {
      throw Refusal.notFound("There is no database " + name + ".", names, name);
    }
    throw Refusal.of(409, "Database " + name + " has no backup in the configuration.");
  }

  private Answer backups(Call call) {
    return Answer.json(Backups.of(view(call)));
  }

  private Answer backUp(Call call) {
    BackupsView view = view(call);
    String refusal = instance.backUp(view.database());
    if (!refusal.isEmpty()) {
      throw Refusal.of(409, refusal);
    }
    instance.events().add(new Event.Audit(call.who(), "asked for a backup of " + view.database()));
    return backups(call);
  }

  private Answer drill(Call call) {
    BackupsView view = view(call);
    String refusal = instance.drill(view.database());
    if (!refusal.isEmpty()) {
      throw Refusal.of(409, refusal);
    }
    instance
        .events()
        .add(new Event.Audit(call.who(), "asked for a drill of the backups of " + view.database()));
    return backups(call);
  }

  private static @Nullable String textOrNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
