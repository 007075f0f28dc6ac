package io.fairlead.insight.incident;

import io.fairlead.insight.incident.Causes.Candidate;
import io.fairlead.insight.incident.Causes.Found;
import io.fairlead.insight.incident.Incident.Cause;
import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said of requests that fare badly. */
final class RequestWords {
  private final RecentRequests recent;
  private final Values values;
  private final Incidents incidents;

  RequestWords(RecentRequests recent, Values values, Incidents incidents) {
    this.recent = recent;
    this.values = values;
    this.incidents = incidents;
  }

  Cause cause(Candidate candidate, Found found, double entropy, Measure measure) {
    Which which = candidate.which();
    double bad = Math.min(1, candidate.both() / found.bad());
    return new Cause(
        values.fields(which),
        Sentences.percent(bad)
            + " of "
            + measure.word
            + " requests "
            + verb(which.dimension)
            + values.words(which)
            + ", "
            + Sentences.percent(candidate.rest())
            + " of others",
        bad,
        candidate.rest(),
        entropy <= 0 ? 0 : Math.min(1, candidate.information() / entropy),
        values.where(which));
  }

  private static String verb(Dimension dimension) {
    return switch (dimension) {
      case NODE, VERSION, ZONE, SERVICE -> "hit ";
      case ROUTE, LISTENER -> "take ";
      case CLIENT, AGENT -> "come from ";
      case PATH, HOST -> "ask for ";
      case METHOD, PROTOCOL, STATUS, ERROR, TRIES -> "have ";
    };
  }

  /**
   * @param from the first row that counts
   */
  String text(
      OpenIncident incident,
      Measure measure,
      Measured measured,
      @Nullable Candidate named,
      long from) {
    StringBuilder text = new StringBuilder();
    String to = to(incident.scope);
    text.append(Sentences.percent(incident.share)).append(" of requests").append(to);
    String since = " since " + Sentences.clock(incident.since);
    String usually = " (usually " + Sentences.percent(incident.baseline) + ")";
    switch (measure) {
      case ERRORS -> text.append(" fail").append(measured.answered()).append(since).append(usually);
      case SLOW ->
          text.append(" are slow")
              .append(since)
              .append(usually)
              .append(": half of these take more than ")
              .append(Sentences.millis(measured.median()))
              .append(measured.waiting());
      case RETRIED -> text.append(" need more than one try").append(since).append(usually);
      case TRANSFER ->
          text.append(slowly(named))
              .append(since)
              .append(usually)
              .append("; nodes begin to answer as fast as ever");
      case REFUSED ->
          text.append(" are refused").append(measured.answered()).append(since).append(usually);
    }
    if (named != null) {
      text.append("; ").append(incident.causes.getFirst().text());
    } else {
      text.append("; they have nothing in common that the others have not");
    }
    text.append('.');
    if (measure == Measure.SLOW && named != null) {
      long period = Pauses.period(recent, named.which(), from, measure);
      if (period > 0) {
        text.append(" They come in bursts every ")
            .append(Math.round(period / 100.0) / 10.0)
            .append(" s: periodic pauses, as of garbage collection.");
      }
    }
    if (incident.measures.size() > 1) {
      text.append(" Also ").append(also(incident.measures)).append('.');
    }
    text.append(incidents.before(incident.since));
    incident.notes.forEach(note -> text.append(' ').append(note));
    return text.toString();
  }

  /** Who it is that is slow tells what they have in common. */
  private static String slowly(@Nullable Candidate named) {
    return switch (named == null ? Dimension.STATUS : named.which().dimension) {
      case CLIENT, AGENT -> " are received slowly by their clients";
      case NODE, VERSION, ZONE, SERVICE -> " stall: their answers begin and do not come to an end";
      default -> " take long from the first to the last byte of their answers";
    };
  }

  private static String also(List<Measure> measures) {
    List<String> words = new ArrayList<>();
    for (Measure other : measures.subList(1, measures.size())) {
      words.add(
          switch (other) {
            case ERRORS -> "requests fail";
            case SLOW -> "answers are slow";
            case RETRIED -> "more requests than usual need another try";
            case TRANSFER -> "answers take long to be sent";
            case REFUSED -> "requests are refused";
          });
    }
    return Sentences.list(words);
  }

  private static String to(Map<String, String> scope) {
    String route = scope.get("route");
    String service = scope.get("service");
    if (service != null) {
      return " to " + service + (route == null ? "" : " by route " + route);
    }
    if (route != null) {
      return " by route " + route;
    }
    String listener = scope.get("listener");
    return listener == null ? "" : " at listener " + listener;
  }
}
