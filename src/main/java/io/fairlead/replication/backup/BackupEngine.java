package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * What is particular to one kind of servers in taking care of their backups: receiving their log,
 * copying, trying, removing. All of it waits, except {@link #log()} and {@link #isReady()}.
 */
sealed interface BackupEngine permits PostgresBackups, MariadbBackups {
  /** Where they are. */
  BackupFolder folder();

  /** Goes by another configuration from now on; the folder is the same. */
  void configure(DatabaseConfig next);

  /** Why they cannot be taken care of on this machine at all; empty: they can. */
  String whyNotHere();

  /** Receives the log while it is wanted here, and returns when it no longer is. */
  void receive() throws InterruptedException;

  /**
   * The log, as it is known.
   *
   * @param from the member whose log is received; empty: none is at this moment
   * @param position up to which the log is there; 0: there is none
   * @param positionText the same for people, as the server writes it
   * @param part of PostgreSQL, the timeline of that position; of MariaDB, the part of the log
   * @param lagBytes what has been written beyond that
   * @param lagMillis how old the oldest is that is not there
   * @param completeMillis what had been committed by then is there, since 1970; 0: not known yet
   * @param trouble what keeps the log from coming, for people; empty: nothing
   */
  record Log(
      String from,
      long position,
      String positionText,
      int part,
      long lagBytes,
      long lagMillis,
      long completeMillis,
      String trouble) {}

  Log log();

  /** Whether a copy that begins now can be brought on by the log. */
  boolean isReady();

  /**
   * What follows from what is in the folder.
   *
   * @param copies oldest first
   * @param gaps parts of the log that are missing, for people
   * @param earliestMillis the first moment that can be restored, since 1970; 0: none
   * @param latestMillis the last, as far as what is on disk tells
   * @param isOfUse whether there is a copy that can be restored
   * @param goesToTheEnd whether the newest such copy can be brought to the end of the log
   * @param newestStart when that one began, since 1970; 0: there is none
   */
  record Known(
      List<BackupsView.Copy> copies,
      List<String> gaps,
      long earliestMillis,
      long latestMillis,
      boolean isOfUse,
      boolean goesToTheEnd,
      long newestStart) {
    public Known {
      copies = List.copyOf(copies);
      gaps = List.copyOf(gaps);
    }
  }

  /** Reads the folder. */
  Known read() throws IOException;

  /**
   * A copy that has been made.
   *
   * @param member that it was taken from
   */
  record Made(String id, String member, long bytes) {}

  /**
   * Makes one.
   *
   * @param progress what is being done, for people
   * @throws IOException in words, if nothing has come of it; nothing is left then
   */
  Made copy(BackupConfig config, Consumer<String> progress)
      throws IOException, InterruptedException;

  /**
   * Restores everything for trial.
   *
   * @throws InterruptedException if it is given up, which says nothing
   */
  Drill drill(Consumer<String> progress) throws InterruptedException;

  /**
   * Removes what is not wanted any more, unless somebody reads at this moment.
   *
   * @return the names of the copies that are gone
   */
  List<String> retain(BackupConfig.Keep keep, long now) throws IOException;

  /** Does what is to be done now and then; failures are not told. */
  void tend();
}
