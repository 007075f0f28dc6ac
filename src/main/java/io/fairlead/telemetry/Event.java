package io.fairlead.telemetry;

import java.util.List;
import java.util.Locale;

/** Something that happened and that an operator may want to read later. */
public sealed interface Event {
  /** One line for people. */
  String text();

  /** The service it is about; empty: none. */
  default String service() {
    return "";
  }

  /** The node of that service it is about; empty: none. */
  default String node() {
    return "";
  }

  /** The listener it is about; empty: none. */
  default String listener() {
    return "";
  }

  /** What it is to an operator: {@code info}, {@code good} or {@code bad}. */
  default String tone() {
    return switch (this) {
      case NodeDown _,
          AlertFiring _,
          AlertUndelivered _,
          NodeEjected _,
          NodeNotStarted _,
          NodeNotStopped _,
          ScalingBlind _,
          AgentSilent _,
          DeployRolledBack _,
          DiscoveryFailed _,
          ServiceAlarm _,
          ConfigRefused _,
          TakeoverFailed _,
          UpgradeFailed _,
          CertificatesRefused _,
          UsersRefused _,
          KeysRefused _,
          SignInFailing _,
          FilterFailing _,
          FilterSlow _,
          CertificateOrderFailed _,
          CertificateRevocationFailed _,
          CertificateExpires _,
          NodeCertificateExpires _,
          Overloaded _,
          RecordsStopped _,
          RetriesStopped _,
          TextLogStopped _,
          ExportStopped _,
          CopyStopped _,
          LogPattern _,
          UnderPressure _,
          StoodStill _,
          GroupLost _,
          GroupTrouble _,
          PeerLost _,
          VipTrouble _,
          VipContested _,
          BgpSessionLost _,
          BgpTrouble _,
          DatabaseWithoutPrimary _,
          DatabaseAlarm _,
          DatabaseMemberTrouble _,
          DatabaseMemberFenced _,
          DatabaseMemberDamaged _,
          DatabaseFailover _,
          DatabaseFailoverStuck _,
          BackupArchiveTrouble _,
          BackupFailed _,
          BackupDrillFailed _,
          NameFailsOpen _,
          IncidentOpened _ ->
          "bad";
      case NodeUp _,
          AlertResolved _,
          OverloadOver _,
          PressureOver _,
          CertificateOrdered _,
          CertificateRenewed _,
          CertificateRevoked _,
          RecordsResumed _,
          FilterWorks _,
          SignInWorks _,
          NodeReinstated _,
          TextLogResumed _,
          ExportResumed _,
          CopyResumed _,
          LogPatternOver _,
          ServiceAlarmOver _,
          DiscoveryResumed _,
          AgentBack _,
          Deployed _,
          GroupReached _,
          PeerJoined _,
          Upgraded _,
          VipTroubleOver _,
          BgpSessionUp _,
          DatabasePrimary _,
          DatabaseAlarmOver _,
          DatabaseMemberSound _,
          BackupArchiveResumed _,
          BackupDrillPassed _,
          IncidentOver _ ->
          "good";
      case InstanceStarted _,
          InstanceStopping _,
          Replaced _,
          TookOver _,
          UpgradeBegan _,
          UpgradeStep _,
          ConfigApplied _,
          ListenerStarted _,
          ListenerStopped _,
          CertificateLoaded _,
          UsersLoaded _,
          KeysLoaded _,
          FilterLoaded _,
          FilterEnded _,
          NodeTlsLoaded _,
          NodeJoined _,
          NodeProbation _,
          NodeLeft _,
          NodeDraining _,
          NodeDrained _,
          NodeUndrained _,
          InstanceDrained _,
          RecordsRecovered _,
          Scaled _,
          Deploying _,
          DeployStep _,
          DeployResumed _,
          GroupWaits _,
          GroupChanged _,
          VipOwned _,
          VipReleased _,
          VipLeaving _,
          BgpSessionOver _,
          DatabaseMemberMade _,
          DatabaseVoters _,
          DatabasePaused _,
          NameUsesPool _,
          BackupMade _,
          BackupRemoved _,
          Audit _ ->
          "info";
    };
  }

  record InstanceStarted(String version) implements Event {
    @Override
    public String text() {
      return "Fairlead " + version + " started";
    }
  }

  record InstanceStopping(String why) implements Event {
    @Override
    public String text() {
      return "stopping: " + why;
    }
  }

  /** An operator has taken an instance of the group out, or in again. */
  record InstanceDrained(String instance, boolean drained) implements Event {
    @Override
    public String text() {
      return drained
          ? "an operator has taken instance " + instance + " out: it gets no new clients"
          : "instance " + instance + " gets clients again";
    }
  }

  /** Another process has the sockets now. */
  record Replaced(long pid) implements Event {
    @Override
    public String text() {
      return "process " + pid + " serves from now on; this one finishes what it has begun";
    }
  }

  record TookOver(long pid) implements Event {
    @Override
    public String text() {
      return "took over from process " + pid;
    }
  }

  record TakeoverFailed(String why) implements Event {
    @Override
    public String text() {
      return "takeover failed: " + why;
    }
  }

  /** Instances of the group are about to be replaced by new processes, one after another. */
  record UpgradeBegan(String who, List<String> instances) implements Event {
    @Override
    public String text() {
      return who + " has begun to replace " + String.join(", ", instances);
    }
  }

  record UpgradeStep(String instance) implements Event {
    @Override
    public String text() {
      return instance + " is replaced: its new process serves";
    }
  }

  record Upgraded() implements Event {
    @Override
    public String text() {
      return "all instances that were to be replaced are";
    }
  }

  record UpgradeFailed(String why) implements Event {
    @Override
    public String text() {
      return "no more instances are replaced: " + why;
    }
  }

  record ConfigApplied(long version, String source, List<String> changes) implements Event {
    @Override
    public String text() {
      return "configuration "
          + version
          + " from "
          + source
          + " applied: "
          + (changes.isEmpty() ? "nothing changed" : String.join(", ", changes));
    }
  }

  record ConfigRefused(String source, List<String> problems) implements Event {
    @Override
    public String text() {
      return "configuration from " + source + " refused: " + String.join("; ", problems);
    }
  }

  record ListenerStarted(String listener, String address) implements Event {
    @Override
    public String text() {
      return "listener " + listener + " serves on " + address;
    }
  }

  record ListenerStopped(String listener, String address) implements Event {
    @Override
    public String text() {
      return "listener " + listener + " no longer serves on " + address;
    }
  }

  record NodeJoined(String service, String node, String source) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " joined (" + source + ")";
    }
  }

  record NodeLeft(String service, String node, String why) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " left: " + why;
    }
  }

  record NodeUp(String service, String node, String why) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " is up: " + why;
    }
  }

  record NodeDown(String service, String node, String why) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " is down: " + why;
    }
  }

  record NodeDraining(String service, String node, String by) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " is draining (" + by + ")";
    }
  }

  record NodeDrained(String service, String node, String why) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " is empty: " + why;
    }
  }

  record NodeUndrained(String service, String node, String by) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " takes requests again (" + by + ")";
    }
  }

  /**
   * A service is to have another number of nodes that Fairlead starts.
   *
   * @param dryRun nothing is done about it
   */
  record Scaled(String service, int from, int to, boolean dryRun, String why) implements Event {
    @Override
    public String text() {
      return service
          + (dryRun ? " would go" : " goes")
          + " from "
          + from
          + " to "
          + to
          + (to == 1 ? " node: " : " nodes: ")
          + why;
    }
  }

  /**
   * A node that Fairlead started, or was about to, does not serve.
   *
   * @param seconds until the next try
   */
  record NodeNotStarted(String service, String node, String why, long seconds) implements Event {
    @Override
    public String text() {
      return service
          + "/"
          + node
          + " could not be started: "
          + why
          + "; the next try in "
          + seconds
          + " s";
    }
  }

  /**
   * A service is to get another version.
   *
   * @param before may be empty
   * @param who wants it
   */
  record Deploying(String service, String version, String before, String who) implements Event {
    @Override
    public String text() {
      return "version "
          + version
          + " of "
          + service
          + " is being deployed"
          + (before.isEmpty() ? "" : " in place of " + before)
          + " (by "
          + who
          + ")";
    }
  }

  /**
   * The new version gets more requests.
   *
   * @param share of all
   * @param requests that it has answered until now
   */
  record DeployStep(String service, String version, double share, long requests) implements Event {
    @Override
    public String text() {
      return "version "
          + version
          + " of "
          + service
          + " gets "
          + Math.rint(share * 10_000) / 100
          + " % of the requests, after "
          + requests
          + (requests == 1 ? " request" : " requests");
    }
  }

  /** A process before has begun it. */
  record DeployResumed(String service, String version) implements Event {
    @Override
    public String text() {
      return "the deploy of version "
          + version
          + " of "
          + service
          + " was under way: its steps are taken anew";
    }
  }

  /** The new version has all requests, and the old one stops. */
  record Deployed(String service, String version, String before, long seconds) implements Event {
    @Override
    public String text() {
      return "version "
          + version
          + " of "
          + service
          + " is deployed"
          + (before.isEmpty() ? "" : " in place of " + before)
          + ", after "
          + seconds
          + " s";
    }
  }

  /**
   * The old version has all requests again.
   *
   * @param requests that the new one answered
   * @param all that both did meanwhile
   */
  record DeployRolledBack(
      String service, String version, String before, long requests, long all, String why)
      implements Event {
    @Override
    public String text() {
      return "version "
          + version
          + " of "
          + service
          + " is rolled back"
          + (before.isEmpty() ? "" : " to " + before)
          + " after "
          + requests
          + " of "
          + all
          + " requests: "
          + why;
    }
  }

  /** Nodes cannot be looked for there; those that were known stay. */
  record DiscoveryFailed(String service, String source, String why) implements Event {
    @Override
    public String text() {
      return "nodes of " + service + " cannot be found by " + source + ": " + why;
    }
  }

  record DiscoveryResumed(String service, String source) implements Event {
    @Override
    public String text() {
      return "nodes of " + service + " are found by " + source + " again";
    }
  }

  /** It cannot be known what nodes there are; nothing is started or stopped meanwhile. */
  record ScalingBlind(String service, String why) implements Event {
    @Override
    public String text() {
      return "nodes of " + service + " cannot be looked for, so none is started or stopped: " + why;
    }
  }

  /**
   * An agent does not answer: what it runs is judged by its checks, and nothing new is started
   * there.
   *
   * @param nodes of the service that are known to be there
   */
  record AgentSilent(String service, String agent, String why, int nodes) implements Event {
    @Override
    public String text() {
      return "agent "
          + agent
          + " of "
          + service
          + " does not answer: "
          + why
          + (nodes == 0
              ? ""
              : nodes == 1
                  ? "; 1 node there is judged by its checks"
                  : "; " + nodes + " nodes there are judged by their checks");
    }
  }

  record AgentBack(String service, String agent, long silentMillis) implements Event {
    @Override
    public String text() {
      return "agent "
          + agent
          + " of "
          + service
          + " answers again, after "
          + Math.max(1, silentMillis / 1000)
          + " s";
    }
  }

  record NodeNotStopped(String service, String node, String why) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " could not be stopped: " + why;
    }
  }

  /** A service turns requests away. */
  record Overloaded(String service, String reason) implements Event {
    @Override
    public String text() {
      return service + " has more to do than it can; requests are turned away: " + reason;
    }
  }

  record OverloadOver(String service, long turnedAway) implements Event {
    @Override
    public String text() {
      return service + " takes all requests again; " + turnedAway + " have been turned away";
    }
  }

  /** Repeated requests kept a service busy. */
  record RetriesStopped(String service, int seconds) implements Event {
    @Override
    public String text() {
      return service
          + " fails while much of what it gets are repeated requests; for "
          + seconds
          + " s nothing is repeated";
    }
  }

  /** The process is short of something. */
  record UnderPressure(String cause, String given) implements Event {
    @Override
    public String text() {
      return "this instance is short of resources (" + cause + "): " + given;
    }
  }

  /**
   * No thread of the process went on for so long: it was stopped, or its machine was, or it had no
   * processor.
   */
  record StoodStill(long millis) implements Event {
    @Override
    public String text() {
      return "this instance stood still for " + seconds() + " s and goes on";
    }

    /** For people. */
    public String seconds() {
      return String.format(Locale.ROOT, "%.1f", millis / 1000.0);
    }
  }

  record PressureOver() implements Event {
    @Override
    public String text() {
      return "this instance has what it needs again";
    }
  }

  /** A node answers worse than the others and gets nothing for a while. */
  record NodeEjected(String service, String node, long seconds, String why) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " is ejected for " + seconds + " s: " + why;
    }
  }

  /** A node gets less than its share. */
  record NodeProbation(String service, String node, double share, String why) implements Event {
    @Override
    public String text() {
      return service
          + "/"
          + node
          + " is on probation with "
          + Math.round(share * 100)
          + " % of its share: "
          + why;
    }
  }

  record NodeReinstated(String service, String node) implements Event {
    @Override
    public String text() {
      return service + "/" + node + " gets its whole share again";
    }
  }

  /**
   * Something about a service that its nodes cannot be judged for one by one.
   *
   * @param label what the nodes concerned have in common, {@code version=2}; empty: nothing
   * @param majority whether most nodes are concerned
   */
  record ServiceAlarm(String service, String label, boolean majority, String what)
      implements Event {
    @Override
    public String text() {
      return service + ": " + what;
    }
  }

  record ServiceAlarmOver(String service, String label, String what) implements Event {
    @Override
    public String text() {
      return service + " no longer: " + what;
    }
  }

  record CertificateLoaded(String listener, String certificate, String names) implements Event {
    @Override
    public String text() {
      return "listener " + listener + " shows a new certificate from " + certificate + ": " + names;
    }
  }

  private static String tries(int failures, long seconds) {
    return " (tried "
        + (failures == 1 ? "once" : failures + " times")
        + ", next try in "
        + (seconds < 120 ? seconds + " s" : seconds / 60 + " min")
        + ")";
  }

  /** A certificate was issued that there was none for. */
  record CertificateOrdered(String names, String authority) implements Event {
    @Override
    public String text() {
      return "certificate for " + names + " issued by " + authority;
    }
  }

  /** A certificate was issued in place of one that was about to end. */
  record CertificateRenewed(String names, String authority) implements Event {
    @Override
    public String text() {
      return "certificate for " + names + " renewed by " + authority;
    }
  }

  /**
   * A certificate that was shown before is revoked, as an operator wanted it.
   *
   * @param serial its number, hexadecimal
   * @param reason as RFC 5280 has it
   */
  record CertificateRevoked(String names, String authority, String serial, String reason)
      implements Event {
    @Override
    public String text() {
      return "certificate "
          + serial
          + " for "
          + names
          + " revoked by "
          + authority
          + " ("
          + reason
          + "); another one is shown";
    }
  }

  /**
   * A certificate could not be revoked yet; the one that is shown is another.
   *
   * @param seconds until the next try
   * @param failures in a row
   */
  record CertificateRevocationFailed(String names, String why, long seconds, int failures)
      implements Event {
    @Override
    public String text() {
      return "the certificate before for "
          + names
          + " is not revoked: "
          + why
          + tries(failures, seconds);
    }
  }

  /**
   * An order for a certificate came to nothing; what is shown stays.
   *
   * @param seconds until the next try
   * @param failures in a row
   */
  record CertificateOrderFailed(String names, String why, long seconds, int failures)
      implements Event {
    @Override
    public String text() {
      return "certificate for " + names + " was not issued: " + why + tries(failures, seconds);
    }
  }

  record CertificatesRefused(String user, String why) implements Event {
    @Override
    public String text() {
      return user + " keeps the certificates it has; new ones are refused: " + why;
    }
  }

  record UsersLoaded(String file, int count) implements Event {
    @Override
    public String text() {
      return file + " has changed: " + count + (count == 1 ? " user" : " users");
    }
  }

  record KeysLoaded(String source, int count) implements Event {
    @Override
    public String text() {
      return "tokens are checked with other keys from " + source + ", " + count + " of them";
    }
  }

  /** A provider does not do what people need who sign in. */
  record SignInFailing(String issuer, String why) implements Event {
    @Override
    public String text() {
      return "nobody could sign in at " + issuer + ": " + why;
    }
  }

  record SignInWorks(String issuer) implements Event {
    @Override
    public String text() {
      return "somebody has signed in at " + issuer + " again";
    }
  }

  record KeysRefused(String source, String why) implements Event {
    @Override
    public String text() {
      return "tokens are checked with the keys that were known before, if any; "
          + source
          + ": "
          + why;
    }
  }

  /**
   * A class of somebody else's looks at requests from now on.
   *
   * @param version what its jar says; empty: nothing
   * @param digest the beginning of the jar's SHA-256
   */
  record FilterLoaded(String filter, String factory, String jar, String version, String digest)
      implements Event {
    @Override
    public String text() {
      return "filter "
          + filter
          + " is "
          + factory
          + " of "
          + jar
          + (version.isEmpty() ? "" : ", version " + version)
          + " ("
          + digest
          + ")";
    }
  }

  /**
   * It does not any more.
   *
   * @param trouble what went wrong at its end; empty: nothing
   */
  record FilterEnded(String filter, String digest, String trouble) implements Event {
    @Override
    public String text() {
      return "the filter "
          + filter
          + " of before ("
          + digest
          + ") has ended"
          + (trouble.isEmpty() ? "" : "; " + trouble);
    }
  }

  /**
   * A filter has begun to fail. What follows within seconds is not told again.
   *
   * @param requests about which it has not decided so far
   * @param passes whether they go on all the same
   */
  record FilterFailing(String filter, long requests, boolean passes, String why) implements Event {
    @Override
    public String text() {
      return "filter "
          + filter
          + " fails, and requests "
          + (passes ? "go on without it" : "are refused")
          + " ("
          + requests
          + " in the last second): "
          + why;
    }
  }

  /**
   * It has not failed for a while.
   *
   * @param requests about which it had not decided
   */
  record FilterWorks(String filter, long requests) implements Event {
    @Override
    public String text() {
      return "filter " + filter + " works again; it failed for " + requests + " requests";
    }
  }

  /** A quick filter takes its time. What follows within seconds is not told again. */
  record FilterSlow(String filter, long times, long longestMillis) implements Event {
    @Override
    public String text() {
      return "filter "
          + filter
          + " took up to "
          + longestMillis
          + " ms, more than 10 ms "
          + times
          + (times == 1 ? " time" : " times")
          + " in the last second; as a quick filter it keeps all requests of an event loop waiting"
          + " while it does: it must not wait, or has to be a WaitingFilter";
    }
  }

  record UsersRefused(String file, String why) implements Event {
    @Override
    public String text() {
      return "the users stay as they were; their file is refused: " + why;
    }
  }

  /**
   * A certificate that somebody should renew.
   *
   * @param days left; below 0: it has expired
   */
  record CertificateExpires(String listener, String certificate, String names, long days)
      implements Event {
    @Override
    public String text() {
      return "certificate "
          + certificate
          + " of listener "
          + listener
          + " ("
          + names
          + ") "
          + when(days);
    }

    private static String when(long days) {
      return days < 0 ? "has expired" : "expires in " + days + (days == 1 ? " day" : " days");
    }
  }

  /** Files that TLS towards the nodes of a service needs have changed and are used. */
  record NodeTlsLoaded(String service) implements Event {
    @Override
    public String text() {
      return "service " + service + " uses new TLS files towards its nodes";
    }
  }

  /**
   * The certificate that a node showed to a probe should be renewed.
   *
   * @param days left; below 0: it has expired
   */
  record NodeCertificateExpires(String service, String node, long days) implements Event {
    @Override
    public String text() {
      return "certificate of node " + service + "/" + node + " " + CertificateExpires.when(days);
    }
  }

  /** The disk takes no records; requests are served as before. */
  record RecordsStopped(String why) implements Event {
    @Override
    public String text() {
      return "records are not written to disk for now: " + why;
    }
  }

  /**
   * The disk takes records again.
   *
   * @param lost how many could not be kept until then
   */
  record RecordsResumed(long lost) implements Event {
    @Override
    public String text() {
      return "records are written to disk again; " + (lost == 0 ? "none" : lost) + " were lost";
    }
  }

  /** Lines of a text log are not taken; requests are served, and records kept, as before. */
  record TextLogStopped(String to, String why) implements Event {
    @Override
    public String text() {
      return "the log " + to + " does not take its lines for now: " + why;
    }
  }

  /**
   * They are taken again.
   *
   * @param lost lines that were dropped meanwhile
   */
  record TextLogResumed(String to, long lost) implements Event {
    @Override
    public String text() {
      return "the log "
          + to
          + " takes its lines again; "
          + (lost == 0 ? "none" : lost)
          + " were lost";
    }
  }

  /**
   * What is to be sent by OTLP is not taken; requests are served, and records kept, as before.
   *
   * @param kind traces, metrics or logs
   */
  record ExportStopped(String kind, String why) implements Event {
    @Override
    public String text() {
      return kind + " cannot be sent by OTLP for now: " + why;
    }
  }

  /**
   * It is taken again.
   *
   * @param lost spans, data points or log records that were dropped meanwhile
   */
  record ExportResumed(String kind, long lost) implements Event {
    @Override
    public String text() {
      return kind
          + " are sent by OTLP again; "
          + (lost == 0 ? "nothing was lost" : lost + " items were lost");
    }
  }

  /**
   * Lines of the nodes' own logs that sound as if something had gone wrong, and were not there
   * before, or not so often.
   *
   * @param service whose nodes write them; empty: not known
   * @param node the only one that does; empty: there are several, or it is not known
   * @param pattern its id
   * @param isNew they were not there before
   * @param what a sentence without its point
   */
  record LogPattern(String service, String node, String pattern, boolean isNew, String what)
      implements Event {
    @Override
    public String text() {
      return what;
    }
  }

  /** They have stopped, or are as many as usual again. */
  record LogPatternOver(String service, String pattern, String what) implements Event {
    @Override
    public String text() {
      return "lines"
          + (service.isEmpty() ? "" : " of " + service)
          + " are as usual again: \""
          + what
          + "\"";
    }
  }

  /** Somebody who gets a copy of all records takes none; they wait on disk. */
  record CopyStopped(String to, String why) implements Event {
    @Override
    public String text() {
      return to + " takes no records for now: " + why;
    }
  }

  /** It takes them again. */
  record CopyResumed(String to) implements Event {
    @Override
    public String text() {
      return to + " takes records again";
    }
  }

  /** What a process had recorded that was killed has been written. */
  record RecordsRecovered(long records) implements Event {
    @Override
    public String text() {
      return records + " records of a process that did not end in order were found and kept";
    }
  }

  /**
   * Something goes worse than usual.
   *
   * @param incident its id
   * @param kind such as {@code errors} or {@code slow}
   * @param what as it was known first; more is told by whoever is asked for the incident
   */
  record IncidentOpened(String incident, String kind, String what) implements Event {
    @Override
    public String text() {
      return "incident " + incident + " (" + kind + "): " + what;
    }
  }

  /**
   * It is as usual again.
   *
   * @param seconds that it lasted
   * @param what as it was known last
   */
  record IncidentOver(String incident, String kind, long seconds, String what) implements Event {
    @Override
    public String text() {
      return "incident " + incident + " (" + kind + ") is over after " + seconds + " s: " + what;
    }
  }

  /**
   * A rule's condition has held for long enough.
   *
   * @param level bad or warn
   */
  record AlertFiring(String rule, String level, String what) implements Event {
    @Override
    public String text() {
      return "alert " + rule + " (" + level + "): " + what;
    }
  }

  record AlertResolved(String rule, String what) implements Event {
    @Override
    public String text() {
      return "alert " + rule + " is over: " + what;
    }
  }

  /** Somebody who should have been told was not, and will not be. */
  record AlertUndelivered(String receiver, String message, String why) implements Event {
    @Override
    public String text() {
      return "receiver " + receiver + " was not told (" + why + "): " + message;
    }
  }

  /** This instance is one of a majority of its group. */
  record GroupReached(String group, String how) implements Event {
    @Override
    public String text() {
      return "group " + group + " reached: " + how;
    }
  }

  /**
   * The group's state is out of reach: nothing of the group changes and no lease is granted.
   *
   * @param how in words behind the group's name
   */
  record GroupLost(String group, String how) implements Event {
    @Override
    public String text() {
      return "group "
          + group
          + " "
          + how
          + ": requests are served as before, and nothing is changed";
    }
  }

  /** What this instance waits for before it is one of the group. */
  record GroupWaits(String group, String why) implements Event {
    @Override
    public String text() {
      return "group " + group + " is waited for: " + why;
    }
  }

  /** Something of the group does not work; requests are served nevertheless. */
  record GroupTrouble(String group, String what) implements Event {
    @Override
    public String text() {
      return "group " + group + ": " + what;
    }
  }

  /** Who keeps the group's state has changed. */
  record GroupChanged(String group, String what) implements Event {
    @Override
    public String text() {
      return "group " + group + ": " + what;
    }
  }

  /** Another instance of the group is there. */
  record PeerJoined(String group, String instance) implements Event {
    @Override
    public String text() {
      return "instance " + instance + " of group " + group + " is there";
    }
  }

  /** Another instance of the group has gone, or is not heard. */
  record PeerLost(String group, String instance) implements Event {
    @Override
    public String text() {
      return "instance " + instance + " of group " + group + " is gone";
    }
  }

  /** This instance has a virtual IP from now on. */
  record VipOwned(String vip, String addresses, String networkInterface, String why)
      implements Event {
    @Override
    public String text() {
      return "virtual IP "
          + vip
          + " is owned by this instance ("
          + addresses
          + " on "
          + networkInterface
          + "): "
          + why;
    }
  }

  /** Others are told to take over a virtual IP that this instance is about to give up. */
  record VipLeaving(String vip, String why) implements Event {
    @Override
    public String text() {
      return "virtual IP " + vip + " is marked as about to go: " + why;
    }
  }

  /** A router hears of virtual IPs from now on. */
  record BgpSessionUp(String router, String address, long holdSeconds) implements Event {
    @Override
    public String text() {
      return "router "
          + router
          + " ("
          + address
          + ") is told of virtual IPs; the hold time is "
          + holdSeconds
          + " s";
    }
  }

  /** A router hears of virtual IPs no longer, as this instance wants it. */
  record BgpSessionOver(String router, String address, String why) implements Event {
    @Override
    public String text() {
      return "router " + router + " (" + address + ") is told of virtual IPs no longer: " + why;
    }
  }

  /** A session with a router has broken: no clients come from there. */
  record BgpSessionLost(String router, String address, String why) implements Event {
    @Override
    public String text() {
      return "router " + router + " (" + address + ") sends no clients here any more: " + why;
    }
  }

  /** There is no session with a router, or it is not in order. */
  record BgpTrouble(String router, String address, String what) implements Event {
    @Override
    public String text() {
      return "router " + router + " (" + address + "): " + what;
    }
  }

  record VipReleased(String vip, String why) implements Event {
    @Override
    public String text() {
      return "virtual IP " + vip + " is owned by this instance no longer: " + why;
    }
  }

  /** This instance cannot have a virtual IP, or not in order. */
  record VipTrouble(String vip, String what) implements Event {
    @Override
    public String text() {
      return "virtual IP " + vip + ": " + what;
    }
  }

  record VipTroubleOver(String vip) implements Event {
    @Override
    public String text() {
      return "virtual IP " + vip + ": nothing is wrong any more";
    }
  }

  /** Another one speaks as if a virtual IP were its own. */
  record VipContested(String vip, String what) implements Event {
    @Override
    public String text() {
      return "virtual IP " + vip + " is contested: " + what;
    }
  }

  /**
   * Writes go to that member from now on.
   *
   * @param before the member that took them until then; empty: none was known
   * @param term of PostgreSQL, the timeline; 0: there are none
   * @param nobodyMillis how long nobody took them in between
   */
  record DatabasePrimary(
      String database, String member, String before, long term, long nobodyMillis)
      implements Event {
    @Override
    public String text() {
      return database
          + ": "
          + member
          + " takes the writes"
          + (term == 0 ? "" : ", on timeline " + term)
          + (before.isEmpty() ? "" : before.equals(member) ? ", again" : ", after " + before)
          + (before.isEmpty() ? "" : "; nobody did for " + nobodyMillis + " ms");
    }

    @Override
    public String service() {
      return database;
    }

    @Override
    public String node() {
      return member;
    }
  }

  /** No member of a database takes writes; connections that write wait. */
  record DatabaseWithoutPrimary(String database, String why) implements Event {
    @Override
    public String text() {
      return database + ": nobody takes the writes: " + why;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** Members of a database contradict each other. */
  record DatabaseAlarm(String database, String what) implements Event {
    @Override
    public String text() {
      return database + ": " + what;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** They no longer do. */
  record DatabaseAlarmOver(String database) implements Event {
    @Override
    public String text() {
      return database + ": members agree again";
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** The log of a database does not get into its backups. */
  record BackupArchiveTrouble(String database, String what) implements Event {
    @Override
    public String text() {
      return database + ": the log does not get into the backups: " + what;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** It does again, and nothing is behind. */
  record BackupArchiveResumed(String database) implements Event {
    @Override
    public String text() {
      return database + ": the log gets into the backups again";
    }

    @Override
    public String service() {
      return database;
    }
  }

  /**
   * A copy of a database was made and verified.
   *
   * @param backup its name
   * @param member that it was taken from
   */
  record BackupMade(String database, String backup, String member, long bytes, long millis)
      implements Event {
    @Override
    public String text() {
      return database
          + ": backup "
          + backup
          + " of "
          + (bytes >> 20)
          + " MiB from "
          + member
          + " in "
          + millis
          + " ms";
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** A copy of a database could not be made; it is tried again. */
  record BackupFailed(String database, String why) implements Event {
    @Override
    public String text() {
      return database + ": no backup was made: " + why;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** A copy of a database was removed, since others are as good. */
  record BackupRemoved(String database, String backup) implements Event {
    @Override
    public String text() {
      return database + ": backup " + backup + " is not kept any longer";
    }

    @Override
    public String service() {
      return database;
    }
  }

  /**
   * The backups of a database were restored, started and read.
   *
   * @param pointMillis the moment that was restored, since 1970
   * @param what was found
   */
  record BackupDrillPassed(String database, long pointMillis, long millis, String what)
      implements Event {
    @Override
    public String text() {
      return database
          + ": a drill restored "
          + java.time.Instant.ofEpochMilli(pointMillis)
          + " in "
          + millis
          + " ms: "
          + what;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** The backups of a database cannot be restored. */
  record BackupDrillFailed(String database, String why) implements Event {
    @Override
    public String text() {
      return database + ": the backups could not be restored: " + why;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** A member of a database that is managed here is fit to run. */
  record DatabaseMemberMade(String database, String member, String how) implements Event {
    @Override
    public String text() {
      return database + ": " + member + " " + how;
    }

    @Override
    public String service() {
      return database;
    }

    @Override
    public String node() {
      return member;
    }
  }

  /** A member of a database that is managed here cannot be had to run. */
  record DatabaseMemberTrouble(String database, String member, String what) implements Event {
    @Override
    public String text() {
      return database + ": " + member + ": " + what;
    }

    @Override
    public String service() {
      return database;
    }

    @Override
    public String node() {
      return member;
    }
  }

  /**
   * A page of a member of a database that is managed here is not what was written: its disk, or
   * what is on the way to it, cannot be trusted.
   *
   * @param what which page, and what is wrong with it
   * @param before what has been done about that already; empty: nothing
   */
  record DatabaseMemberDamaged(String database, String member, String what, String before)
      implements Event {
    @Override
    public String text() {
      return database
          + ": "
          + member
          + " has a damaged page: "
          + what
          + (before.isEmpty() ? "" : "; it " + before);
    }

    @Override
    public String service() {
      return database;
    }

    @Override
    public String node() {
      return member;
    }
  }

  /** It is not known to be damaged any more: it was copied, or all of it was read. */
  record DatabaseMemberSound(String database, String member) implements Event {
    @Override
    public String text() {
      return database + ": " + member + " has no damaged page any more";
    }

    @Override
    public String service() {
      return database;
    }

    @Override
    public String node() {
      return member;
    }
  }

  /** A primary of the past was ended before anybody was told it is one. */
  record DatabaseMemberFenced(String database, String member, long term) implements Event {
    @Override
    public String text() {
      return database
          + ": "
          + member
          + " was ended: term "
          + term
          + " has begun, and it takes no writes any more";
    }

    @Override
    public String service() {
      return database;
    }

    @Override
    public String node() {
      return member;
    }
  }

  /** Somebody else is to take the writes. */
  record DatabaseFailover(String database, String from, long term, String why) implements Event {
    @Override
    public String text() {
      return database + ": a successor of " + from + " is elected, term " + term + ": " + why;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** Nobody can be made the primary; it is tried again. */
  record DatabaseFailoverStuck(String database, String why) implements Event {
    @Override
    public String text() {
      return database + ": there can be no primary yet: " + why;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** Other replicas acknowledge commits from now on. */
  record DatabaseVoters(String database, String rule) implements Event {
    @Override
    public String text() {
      return database + ": commits wait for " + rule;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** A database is left to an operator, or is no longer. */
  record DatabasePaused(String database, boolean paused, String who) implements Event {
    @Override
    public String text() {
      return database + (paused ? ": is left alone" : ": is managed again") + ", said " + who;
    }

    @Override
    public String service() {
      return database;
    }
  }

  /** A change that somebody asked for through a door. */
  record Audit(String who, String what) implements Event {
    @Override
    public String text() {
      return who + ": " + what;
    }
  }

  /** Answers for a name follow another pool, or a pool again. */
  record NameUsesPool(String name, String pool) implements Event {
    @Override
    public String text() {
      return "dns: " + name + " is answered with members of " + pool;
    }
  }

  /** No pool has enough members that are up: answers have all there are. */
  record NameFailsOpen(String name, String pool) implements Event {
    @Override
    public String text() {
      return "dns: "
          + name
          + " has too few members that are up; "
          + (pool.isEmpty()
              ? "there is nobody to answer with"
              : "it is answered with all members of " + pool + ", whether they are up or not");
    }
  }
}
