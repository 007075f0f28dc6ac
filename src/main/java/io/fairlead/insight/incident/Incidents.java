package io.fairlead.insight.incident;

import io.fairlead.telemetry.Event;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The list of incidents: which go on, which are over, and what events say about either. Time is an
 * argument; one thread.
 */
final class Incidents {
  static final String AVOIDED = "node-avoided";
  static final String EJECTED = "node-ejected";
  private static final String PRESSURE = "pressure";
  private static final String STANDSTILL = "standstill";

  /** It is over when it is noticed, and somebody may want to see that requests waited for it. */
  private static final long STANDSTILL_SHOWN_MILLIS = 60_000;

  private static final String OVERLOAD = "overload ";
  private static final String RETRIES = "retries ";

  /** What begins so near to each other in one service is one problem. */
  private static final long TOGETHER_MILLIS = 20_000;

  /** So long after a node came back, what was wrong before is in what is looked at. */
  private static final long BACK_MILLIS = 90_000;

  /** What is over goes on if it comes back so soon. */
  private static final long AGAIN_MILLIS = 60_000;

  /** A cause that is no field of requests. */
  private static final String RESOURCE = "resource";

  /** What has changed shortly before something went wrong is told with it. */
  private static final long BEFORE_MILLIS = 120_000;

  private static final long AFTER_MILLIS = 3_000;
  private static final int CHANGES = 100;
  private static final int ENDED = 20;

  /** Node down so often within so long: it flaps. */
  private static final int FLAPS = 3;

  private static final long FLAPPING_MILLIS = 300_000;

  /** A certificate that nobody speaks of any longer has been renewed. */
  private static final long A_DAY_AND_MORE = 26 * 3_600_000L;

  /** Knows requests. */
  interface Explaining {
    /** Whether what is bad at a node is what an incident tells already. */
    boolean explains(OpenIncident incident, String service, String node);
  }

  /** Something that was changed on purpose. */
  private record Change(long millis, String words) {}

  private final Consumer<Event> events;
  private final List<OpenIncident> open = new ArrayList<>();
  private final Deque<Incident> over = new ArrayDeque<>();
  private final Deque<OpenIncident> ended = new ArrayDeque<>();
  private final Deque<Change> changes = new ArrayDeque<>();
  private final Deque<Map.Entry<String, Long>> downs = new ArrayDeque<>();
  private final List<String> draining = new ArrayList<>();

  /** Nodes that health or the detector took out; when they came back. */
  private final Map<String, Long> out = new HashMap<>();

  private long now;
  private boolean changed;
  private long lastId;
  private boolean leaving;
  private long droppedInAll;
  private long droppedBefore;
  private Explaining explaining = (_, _, _) -> false;

  Incidents(Consumer<Event> events) {
    this.events = events;
  }

  /** Requests are known to that one. */
  void setExplaining(Explaining next) {
    explaining = next;
  }

  void now(long epochMillis) {
    now = epochMillis;
  }

  long now() {
    return now;
  }

  /** This instance has been told to end: that its traffic does is no wonder. */
  boolean isLeaving() {
    return leaving;
  }

  List<OpenIncident> open() {
    return open;
  }

  boolean hasChanged() {
    boolean has = changed;
    changed = false;
    return has;
  }

  void change() {
    changed = true;
  }

  List<Incident> list() {
    return Stream.concat(open.stream().map(OpenIncident::told), over.stream())
        .sorted(Comparator.comparingLong(Incident::since).reversed())
        .limit(IncidentWatch.KEPT)
        .toList();
  }

  void restore(List<Incident> earlier) {
    for (Incident incident : earlier) {
      if (over.size() < IncidentWatch.KEPT) {
        over.addLast(incident.open() ? incident.ended(Math.max(incident.since(), now)) : incident);
      }
    }
    changed = true;
  }

  /** A new one; its text must be there. */
  OpenIncident begin(String kind, long since) {
    lastId = Math.max(lastId + 1, now);
    OpenIncident incident = new OpenIncident("i-" + Long.toString(lastId, 36), kind, since);
    open.add(incident);
    changed = true;
    return incident;
  }

  void announce(OpenIncident incident) {
    events.accept(new Event.IncidentOpened(incident.id, incident.kind, incident.text));
  }

  void end(OpenIncident incident, long when) {
    open.remove(incident);
    incident.over = when;
    ended.addFirst(incident);
    while (ended.size() > ENDED) {
      ended.removeLast();
    }
    over.addFirst(incident.told().ended(Math.max(incident.since, when)));
    while (over.size() > IncidentWatch.KEPT) {
      over.removeLast();
    }
    changed = true;
    events.accept(
        new Event.IncidentOver(
            incident.id, incident.kind, Math.max(0, when - incident.since) / 1000, incident.text));
  }

  /** Those of requests that were bad at that time still. */
  List<OpenIncident> justOver(long since) {
    return ended.stream().filter(each -> each.isOfRequests() && each.lastBad >= since).toList();
  }

  /** What is told of nodes that are ejected for what that incident tells is not told twice. */
  void absorbEjected(OpenIncident by) {
    for (OpenIncident incident : List.copyOf(open)) {
      if (incident != by && isEjected(incident) && explains(by, incident)) {
        open.remove(incident);
        addNote(by, incident.text);
        changed = true;
        events.accept(
            new Event.IncidentOver(
                incident.id,
                incident.kind,
                Math.max(0, now - incident.since) / 1000,
                "It is part of incident " + by.id + "."));
      }
    }
  }

  /** Whether it says of a node that it is ejected or avoided, and nothing of requests. */
  static boolean isEjected(OpenIncident incident) {
    return (incident.kind.equals(EJECTED) || incident.kind.equals(AVOIDED))
        && !incident.isOfRequests()
        && incident.key != null
        && incident.key.startsWith("node ");
  }

  /** Whether a node is ejected for what an incident tells. */
  boolean explains(OpenIncident incident, OpenIncident ejected) {
    String key = ejected.key;
    if (key == null) {
      return false;
    }
    int slash = key.indexOf('/');
    return explaining.explains(
        incident, key.substring("node ".length(), slash), key.substring(slash + 1));
  }

  /** It was not over. */
  void reopen(OpenIncident incident) {
    ended.remove(incident);
    over.removeIf(each -> each.id().equals(incident.id));
    incident.over = 0;
    open.add(incident);
    changed = true;
  }

  /** Nothing is known of requests any more. */
  void forgetRequests() {
    ended.clear();
    explaining = (_, _, _) -> false;
    for (OpenIncident incident : List.copyOf(open)) {
      if (incident.isOfRequests() || incident.slice >= 0) {
        end(incident, incident.lastBad);
      }
    }
  }

  void endWhatLasts() {
    for (OpenIncident incident : List.copyOf(open)) {
      if (incident.lastsMillis > 0 && now - incident.lastBad >= incident.lastsMillis) {
        end(incident, incident.lastBad);
      }
    }
  }

  /** What was changed on purpose just before that time, as a sentence; empty: nothing. */
  String before(long since) {
    Change best = null;
    for (Change change : changes) {
      if (change.millis() <= since + AFTER_MILLIS && change.millis() >= since - BEFORE_MILLIS) {
        best = best == null || change.millis() >= best.millis() ? change : best;
      }
    }
    return best == null
        ? ""
        : " It began "
            + Sentences.span(Math.max(0, since - best.millis()))
            + " after "
            + best.words()
            + ".";
  }

  private void changeOnPurpose(long when, String words) {
    changes.addLast(new Change(when, words));
    if (changes.size() > CHANGES) {
      changes.removeFirst();
    }
  }

  // --- events ---------------------------------------------------------------------------------

  void hear(long when, Event event) {
    switch (event) {
      case Event.ConfigApplied(long version, String _, List<String> what) -> {
        endOf("config", when);
        if (version == 1) {
          changes.clear(); // all there is joins at the start
        }
        if (version > 1 && !what.isEmpty()) {
          changeOnPurpose(when, "configuration " + version + " was applied");
        }
      }
      case Event.ConfigRefused(String source, List<String> problems) ->
          state(
              "config",
              "config-refused",
              "warn",
              when,
              "The configuration from "
                  + source
                  + " was refused and the one before is still in force: "
                  + problems.getFirst()
                  + (problems.size() > 1 ? " (and " + (problems.size() - 1) + " more)" : ""),
              Map.of(),
              0);
      case Event.NodeDown(String service, String node, String why) ->
          down(when, service, node, why);
      case Event.NodeUp(String service, String node, String _) -> up(when, service, node);
      case Event.NodeLeft(String service, String node, String _) -> {
        draining.remove(service + "/" + node);
        out.remove(service + "/" + node);
        endOf("node " + service + "/" + node, when);
        endOf("node-certificate " + service + "/" + node, when);
      }
      case Event.NodeJoined(String service, String node, String _) ->
          changeOnPurpose(when, "node " + node + " joined " + service);
      case Event.NodeDraining(String service, String node, String _) -> {
        draining.add(service + "/" + node);
        changeOnPurpose(when, "node " + node + " of " + service + " began to drain");
      }
      case Event.NodeUndrained(String service, String node, String _) -> {
        draining.remove(service + "/" + node);
        changeOnPurpose(when, "node " + node + " of " + service + " came back");
      }
      case Event.TookOver(long pid) ->
          changeOnPurpose(when, "this process took over from process " + pid);
      case Event.UpgradeStep(String instance) ->
          changeOnPurpose(when, "instance " + instance + " was replaced by a new process");
      case Event.Overloaded(String service, String reason) ->
          ofService(
              OVERLOAD + service,
              "overload",
              when,
              service,
              "Service "
                  + service
                  + " has more to do than it can and turns requests away: "
                  + reason,
              0);
      case Event.OverloadOver(String service, long _) -> endOf(OVERLOAD + service, when);
      case Event.RetriesStopped(String service, int seconds) ->
          ofService(
              RETRIES + service,
              "retry-storm",
              when,
              service,
              "Repeated requests keep service "
                  + service
                  + " busy while it fails; for "
                  + seconds
                  + " s nothing is repeated",
              1000L * seconds + 60_000);
      case Event.UnderPressure(String cause, String given) ->
          name(
              state(
                  PRESSURE,
                  PRESSURE,
                  "bad",
                  when,
                  "This instance is short of resources (" + cause + "): " + given,
                  Map.of(),
                  0),
              RESOURCE,
              cause,
              "this instance: " + cause);
      case Event.PressureOver() -> endOf(PRESSURE, when);
      case Event.StoodStill still ->
          name(
              state(
                  STANDSTILL,
                  STANDSTILL,
                  "bad",
                  when,
                  "This instance stood still for "
                      + still.seconds()
                      + " s: the process or its machine was stopped, or had no processor",
                  Map.of(),
                  STANDSTILL_SHOWN_MILLIS),
              RESOURCE,
              "processor",
              "this instance: nothing of it ran");
      case Event.RecordsStopped(String why) ->
          name(
              state(
                  "recording",
                  "recording-stopped",
                  "warn",
                  when,
                  "Records of requests are not written to disk: " + why,
                  Map.of(),
                  0),
              RESOURCE,
              "disk",
              "the disk: " + why);
      case Event.RecordsResumed _ -> endOf("recording", when);
      case Event.TextLogStopped(String to, String why) ->
          state(
              "text-log " + to,
              "log-stopped",
              "warn",
              when,
              "The log " + to + " does not take its lines: " + why,
              Map.of(),
              0);
      case Event.TextLogResumed(String to, long _) -> endOf("text-log " + to, when);
      case Event.ExportStopped(String kind, String why) ->
          state(
              "export " + kind,
              "export-stopped",
              "warn",
              when,
              "The receiver of OTLP does not take " + kind + ": " + why,
              Map.of(),
              0);
      case Event.ExportResumed(String kind, long _) -> endOf("export " + kind, when);
      case Event.CopyStopped(String to, String why) ->
          state(
              "copy " + to,
              "copy-stopped",
              "warn",
              when,
              "Records are not taken by " + to + " and wait on disk: " + why,
              Map.of(),
              0);
      case Event.CopyResumed(String to) -> endOf("copy " + to, when);
      case Event.LogPattern(String service, String node, String pattern, boolean _, String what) ->
          logged(when, service, node, pattern, what);
      case Event.LogPatternOver(String service, String pattern, String _) ->
          endOf("pattern " + service + "/" + pattern, when);
      case Event.CertificateExpires(String listener, String file, String names, long days) ->
          state(
              "certificate " + listener + " " + names,
              "certificate",
              days < 3 ? "bad" : "warn",
              when,
              "The certificate of listener "
                  + listener
                  + " for "
                  + names
                  + " "
                  + expires(days)
                  + " ("
                  + file
                  + ")",
              Map.of("listener", listener),
              A_DAY_AND_MORE);
      case Event.CertificateLoaded(String listener, String _, String names) -> {
        endOf("certificate " + listener + " " + names, when);
        changeOnPurpose(when, "listener " + listener + " got a new certificate");
      }
      case Event.CertificateOrderFailed(String names, String why, long _, int _) ->
          state(
              "order " + names,
              "certificate",
              "warn",
              when,
              "The certificate for " + names + " is not issued: " + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.CertificateOrdered(String names, String _) -> endOf("order " + names, when);
      case Event.CertificateRenewed(String names, String _) -> endOf("order " + names, when);
      case Event.CertificateRevocationFailed(String names, String why, long _, int _) ->
          state(
              "revocation " + names,
              "certificate",
              "warn",
              when,
              "The certificate before for " + names + " is not revoked: " + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.CertificateRevoked(String names, String _, String _, String _) ->
          endOf("revocation " + names, when);
      case Event.CertificatesRefused(String user, String why) ->
          state(
              "certificates " + user,
              "certificate",
              "warn",
              when,
              user + " keeps the certificates it has; new ones were refused: " + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.UsersLoaded(String file, int _) -> {
        endOf("users " + file, when);
        changeOnPurpose(when, "the users in " + file + " changed");
      }
      case Event.KeysLoaded(String source, int _) -> {
        endOf("keys " + source, when);
        changeOnPurpose(when, "tokens are checked with other keys from " + source);
      }
      case Event.FilterLoaded(String filter, String _, String jar, String version, String _) ->
          changeOnPurpose(
              when, "filter " + filter + " is of " + jar + (" " + version).stripTrailing());
      case Event.FilterFailing(String filter, long _, boolean passes, String why) ->
          state(
              "filter " + filter,
              "filter",
              "warn",
              when,
              "The filter "
                  + filter
                  + " fails, and requests "
                  + (passes ? "go on without it" : "are refused")
                  + ": "
                  + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.FilterWorks(String filter, long _) -> endOf("filter " + filter, when);
      case Event.SignInWorks(String issuer) -> endOf("sign-in " + issuer, when);
      case Event.SignInFailing(String issuer, String why) ->
          state(
              "sign-in " + issuer,
              "sign-in",
              "warn",
              when,
              "Nobody could sign in at " + issuer + ": " + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.KeysRefused(String source, String why) ->
          state(
              "keys " + source,
              "keys",
              "warn",
              when,
              "The keys of tokens stay as they were, if there are any; " + source + ": " + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.UsersRefused(String file, String why) ->
          state(
              "users " + file,
              "users",
              "warn",
              when,
              "The users stay as they were; their file was refused: " + why,
              Map.of(),
              A_DAY_AND_MORE);
      case Event.NodeCertificateExpires(String service, String node, long days) ->
          state(
              "node-certificate " + service + "/" + node,
              "certificate",
              days < 3 ? "bad" : "warn",
              when,
              "The certificate of node " + node + " of " + service + " " + expires(days),
              Map.of("service", service),
              A_DAY_AND_MORE);
      case Event.NodeEjected(String service, String node, long _, String why) ->
          ejected(when, service, node, why);
      case Event.NodeReinstated(String service, String node) -> {
        back(service, node, when);
        OpenIncident incident = ofKey("node " + service + "/" + node);
        if (incident != null && incident.kind.equals(EJECTED)) {
          endOf("node " + service + "/" + node, when);
        }
      }
      case Event.NodeProbation(String service, String node, double _, String why) ->
          note(service, "Node " + node + " is on probation: " + why + ".");
      case Event.ServiceAlarm(String service, String _, boolean _, String what) ->
          note(service, "Among nodes: " + what + ".");
      case Event.DatabaseAlarm(String database, String what) ->
          state(
              "database " + database,
              "database-alarm",
              "bad",
              when,
              "Members of database " + database + " contradict each other: " + what,
              Map.of("service", database),
              0);
      case Event.DatabaseAlarmOver(String database) -> endOf("database " + database, when);
      case Event.DatabaseMemberDamaged(
              String database,
              String member,
              String what,
              String before) ->
          state(
              "damage " + database + "/" + member,
              "database-damage",
              "bad",
              when,
              "Member "
                  + member
                  + " of database "
                  + database
                  + " has a damaged page: "
                  + what
                  + (before.isEmpty() ? "" : "; it " + before),
              Map.of("service", database),
              0);
      case Event.DatabaseMemberSound(String database, String member) ->
          endOf("damage " + database + "/" + member, when);
      case Event.DatabaseWithoutPrimary(String database, String why) ->
          state(
              "writes " + database,
              "database-without-primary",
              "bad",
              when,
              "Nobody takes the writes of database " + database + ": " + why,
              Map.of("service", database),
              0);
      case Event.DatabasePrimary(String database, String _, String _, long _, long _) ->
          endOf("writes " + database, when);
      case Event.BackupArchiveTrouble(String database, String what) ->
          state(
              "archive " + database,
              "backup-archive",
              "bad",
              when,
              "The log of database " + database + " does not get into its backups: " + what,
              Map.of("service", database),
              0);
      case Event.BackupArchiveResumed(String database) -> endOf("archive " + database, when);
      case Event.BackupFailed(String database, String why) ->
          state(
              "backup " + database,
              "backup-failed",
              "bad",
              when,
              "No backup of database " + database + " could be made: " + why,
              Map.of("service", database),
              0);
      case Event.BackupMade(String database, String _, String _, long _, long _) ->
          endOf("backup " + database, when);
      case Event.BackupDrillFailed(String database, String why) ->
          state(
              "drill " + database,
              "backup-drill",
              "bad",
              when,
              "The backups of database " + database + " could not be restored: " + why,
              Map.of("service", database),
              0);
      case Event.BackupDrillPassed(String database, long _, long _, String _) ->
          endOf("drill " + database, when);
      case Event.DeployRolledBack(
              String service,
              String version,
              String _,
              long _,
              long _,
              String why) ->
          state(
              "deploy " + service,
              "deploy-rolled-back",
              "bad",
              when,
              "Version " + version + " of " + service + " was rolled back: " + why,
              Map.of("service", service),
              0);
      case Event.Deploying(String service, String _, String _, String _) ->
          endOf("deploy " + service, when);
      case Event.Deployed(String service, String _, String _, long _) ->
          endOf("deploy " + service, when);
      case Event.InstanceStopping _, Event.Replaced _ -> leaving = true;
      case Event.InstanceStarted _,
          Event.TakeoverFailed _,
          Event.UpgradeBegan _,
          Event.Upgraded _,
          Event.UpgradeFailed _,
          Event.ListenerStarted _,
          Event.ListenerStopped _,
          Event.NodeDrained _,
          Event.ServiceAlarmOver _,
          Event.NodeTlsLoaded _,
          Event.NodeNotStarted _,
          Event.NodeNotStopped _,
          Event.ScalingBlind _,
          Event.AgentSilent _,
          Event.AgentBack _,
          Event.DiscoveryFailed _,
          Event.DiscoveryResumed _,
          Event.Scaled _,
          Event.DeployStep _,
          Event.DeployResumed _,
          Event.RecordsRecovered _,
          Event.IncidentOpened _,
          Event.IncidentOver _,
          Event.AlertFiring _,
          Event.AlertResolved _,
          Event.AlertUndelivered _,
          Event.GroupReached _,
          Event.GroupLost _,
          Event.GroupWaits _,
          Event.GroupTrouble _,
          Event.GroupChanged _,
          Event.PeerJoined _,
          Event.PeerLost _,
          Event.VipOwned _,
          Event.VipReleased _,
          Event.VipTrouble _,
          Event.VipTroubleOver _,
          Event.VipContested _,
          Event.VipLeaving _,
          Event.BgpSessionUp _,
          Event.BgpSessionOver _,
          Event.BgpSessionLost _,
          Event.BgpTrouble _,
          Event.InstanceDrained _,
          Event.DatabaseMemberMade _,
          Event.DatabaseMemberTrouble _,
          Event.DatabaseMemberFenced _,
          Event.DatabaseFailover _,
          Event.DatabaseFailoverStuck _,
          Event.DatabaseVoters _,
          Event.DatabasePaused _,
          Event.NameUsesPool _,
          Event.NameFailsOpen _,
          Event.BackupRemoved _,
          Event.FilterSlow _,
          Event.FilterEnded _,
          Event.Audit _ -> {}
    }
  }

  /** So many records in all. */
  void dropped(long inAll) {
    if (inAll > droppedInAll) {
      state(
          "dropped",
          "records-dropped",
          "warn",
          now,
          (inAll - droppedBefore)
              + " records of requests were dropped because the recorder did not keep up; figures and"
              + " causes come from the others",
          Map.of(),
          60_000);
    } else if (ofKey("dropped") == null) {
      droppedBefore = inAll;
    }
    droppedInAll = inAll;
  }

  private static String expires(long days) {
    return days < 0
        ? "has expired"
        : days == 0 ? "expires today" : "expires in " + days + (days == 1 ? " day" : " days");
  }

  /** Something an event says; the same again renews it. */
  OpenIncident state(
      String key,
      String kind,
      String level,
      long when,
      String what,
      Map<String, String> scope,
      long lastsMillis) {
    reopen(key, when);
    OpenIncident incident = ofKey(key);
    boolean first = incident == null;
    if (incident == null) {
      incident = begin(kind, when);
    }
    incident.key = key;
    incident.level = level;
    incident.scope = scope;
    for (Map.Entry<String, String> each : scope.entrySet()) {
      name(incident, each.getKey(), each.getValue(), each.getKey() + " " + each.getValue());
    }
    incident.lastsMillis = lastsMillis;
    incident.lastBad = when;
    incident.text =
        what
            + (what.endsWith(".") ? "" : ".")
            + " Since "
            + Sentences.clock(incident.since)
            + "."
            + (first ? before(when) : "");
    changed = true;
    if (first) {
      announce(incident);
    }
    return incident;
  }

  /** Something about a service as a whole, unless its requests tell the same already. */
  private void ofService(
      String key, String kind, long when, String service, String what, long lastsMillis) {
    for (OpenIncident incident : open) {
      if (incident.isOfRequests()
          && incident.key == null
          && isOfService(incident, service)
          && Math.abs(incident.since - when) <= TOGETHER_MILLIS) {
        addNote(incident, what + ".");
        incident.key = key;
        return;
      }
    }
    state(key, kind, "bad", when, what, Map.of("service", service), lastsMillis);
  }

  /** What they have in common is the service or what leads there, and nothing within it. */
  private static boolean isOfService(OpenIncident incident, String service) {
    return service.equals(incident.scope.get("service"))
        && (incident.which == null
            || incident.which.dimension == Dimension.SERVICE
            || incident.which.dimension == Dimension.ROUTE);
  }

  /** Whether an event has told that of the service as a whole just before. */
  static boolean isOfService(OpenIncident incident, String service, long since) {
    String key = incident.key;
    return key != null
        && !incident.isOfRequests()
        && (key.equals(OVERLOAD + service) || key.equals(RETRIES + service))
        && Math.abs(incident.since - since) <= TOGETHER_MILLIS;
  }

  @Nullable OpenIncident ofKey(String key) {
    for (OpenIncident incident : open) {
      if (key.equals(incident.key)) {
        return incident;
      }
    }
    return null;
  }

  private void endOf(String key, long when) {
    OpenIncident incident = ofKey(key);
    if (incident != null) {
      if (incident.isOfRequests()) {
        incident.key = null; // it ends when requests are well
      } else {
        end(incident, when);
      }
    }
  }

  private void down(long when, String service, String node, String why) {
    String name = service + "/" + node;
    out.put(name, Long.MAX_VALUE);
    if (draining.contains(name)) {
      return; // somebody is at work on it
    }
    downs.addLast(Map.entry(name, when));
    downs.removeIf(each -> each.getValue() < when - FLAPPING_MILLIS);
    long times = downs.stream().filter(each -> each.getKey().equals(name)).count();
    OpenIncident blamed = blamed(service, node);
    if (blamed != null && blamed.key == null) {
      blamed.key = "node " + name;
      addNote(
          blamed, "Node " + node + " is down since " + Sentences.clock(when) + ": " + why + ".");
      return;
    }
    boolean flaps = times >= FLAPS;
    OpenIncident incident =
        state(
            "node " + name,
            "node-down",
            "warn",
            when,
            flaps
                ? "Node "
                    + node
                    + " of "
                    + service
                    + " flaps: it went down "
                    + times
                    + " times within 5 min, the last time because "
                    + why
                : "Node " + node + " of " + service + " is down: " + why,
            Map.of("service", service),
            0);
    incident.flaps = (int) times;
    incident.kind = flaps ? "flapping" : "node-down";
    name(incident, "node", node, "node " + node + ": " + why);
  }

  /** What was over a moment ago goes on. */
  private void reopen(String key, long when) {
    if (ofKey(key) != null) {
      return;
    }
    for (OpenIncident before : ended) {
      if (key.equals(before.key) && !before.isOfRequests() && when - before.over <= AGAIN_MILLIS) {
        reopen(before);
        announce(before);
        return;
      }
    }
  }

  /** Mostly before its errors are many enough to be an incident of requests. */
  private void ejected(long when, String service, String node, String why) {
    String name = service + "/" + node;
    out.put(name, Long.MAX_VALUE);
    OpenIncident known = ofKey("node " + name);
    if (blamed(service, node) != null || (known != null && !known.kind.equals(EJECTED))) {
      note(service, "Node " + node + " was ejected: " + why + ".");
      return;
    }
    OpenIncident incident =
        state(
            "node " + name,
            EJECTED,
            "warn",
            when,
            "Node " + node + " of " + service + " gets no requests for the time being: " + why,
            Map.of("service", service),
            0);
    name(incident, "node", node, "node " + node + ": " + why);
  }

  /** What an event names is what is wrong. */
  static void name(OpenIncident incident, String field, String value, String text) {
    String where = field.equals(RESOURCE) ? null : field + "=\"" + value + "\"";
    incident.causes = List.of(new Incident.Cause(Map.of(field, value), text, 1, 0, 1, where));
  }

  /** Lines of logs; where requests are bad already they are told with those. */
  private void logged(long when, String service, String node, String pattern, String what) {
    if (note(service, what + ".")) {
      return;
    }
    OpenIncident incident =
        state(
            "pattern " + service + "/" + pattern,
            "log-pattern",
            "warn",
            when,
            what,
            service.isEmpty() ? Map.of() : Map.of("service", service),
            0);
    if (!node.isEmpty()) {
      name(incident, "node", node, "only node " + node + " logs it");
    }
  }

  private void up(long when, String service, String node) {
    back(service, node, when);
    OpenIncident incident = ofKey("node " + service + "/" + node);
    if (incident != null && incident.flaps >= FLAPS - 1 && !incident.isOfRequests()) {
      incident.lastBad = when;
      incident.lastsMillis = 60_000; // if it stays up
      return;
    }
    endOf("node " + service + "/" + node, when);
  }

  /** Whether somebody has taken it out, or its requests are told of already. */
  boolean isElsewhere(String service, String node) {
    String name = service + "/" + node;
    return draining.contains(name)
        || out.getOrDefault(name, 0L) > now - BACK_MILLIS
        || blamed(service, node) != null;
  }

  private void back(String service, String node, long when) {
    out.computeIfPresent(service + "/" + node, (_, _) -> when);
  }

  /** The incident of requests that names that node. */
  private @Nullable OpenIncident blamed(String service, String node) {
    for (OpenIncident incident : open) {
      if ((incident.isOfRequests() || (incident.kind.equals(AVOIDED) && incident.which != null))
          && !incident.causes.isEmpty()
          && service.equals(incident.scope.getOrDefault("service", service))
          && (node.equals(incident.causes.getFirst().fields().get("node"))
              || explaining.explains(incident, service, node))) {
        return incident;
      }
    }
    return null;
  }

  /** Told with an incident of the service's requests, if there is one. */
  private boolean note(String service, String sentence) {
    for (OpenIncident incident : open) {
      if (incident.isOfRequests()
          && service.equals(incident.scope.getOrDefault("service", service))) {
        addNote(incident, sentence);
        return true;
      }
    }
    return false;
  }

  void addNote(OpenIncident incident, String sentence) {
    if (incident.notes.size() < 3 && !incident.notes.contains(sentence)) {
      incident.notes.add(sentence);
      incident.text += " " + sentence;
      changed = true;
    }
  }
}
