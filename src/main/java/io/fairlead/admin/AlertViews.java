package io.fairlead.admin;

import io.fairlead.alert.Alerts;
import io.fairlead.alert.ReceiverState;
import io.fairlead.config.AlertRuleConfig;
import io.fairlead.insight.alert.BackTest;
import io.fairlead.insight.alert.Silence;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the API says about alerts. */
final class AlertViews {
  private AlertViews() {}

  @Doc("Alerts, the rules they come from, who is told, and what nobody is told of.")
  record AlertsView(
      @Doc("Milliseconds since 1970.") long now,
      @Doc("Those that are over stay for 15 minutes.") List<AlertView> alerts,
      List<RuleView> rules,
      List<SilenceView> silences,
      List<ReceiverView> receivers) {}

  @Doc("Something that somebody is told of.")
  record AlertView(
      @Doc("The same for the same rule and labels, whenever.") String id,
      String rule,
      @Doc("pending, firing, resolved or silenced.") String state,
      @Doc("bad or warn.") String level,
      @Doc("One sentence.") String text,
      @Doc("The most likely cause, if an open incident knows one.") @Nullable String cause,
      @Doc("When the condition began to hold; milliseconds since 1970.") long since,
      @Doc("When it was over.") @Nullable Long until,
      @Doc("What it is about.") Map<String, String> labels,
      @Doc("What was compared.") double value) {
    static AlertView of(Alerts.Shown shown) {
      return new AlertView(
          shown.alert().id(),
          shown.alert().rule(),
          shown.word(),
          shown.alert().level().word(),
          shown.alert().text(),
          shown.alert().cause().isEmpty() ? null : shown.alert().cause(),
          shown.alert().since(),
          shown.alert().until() == 0 ? null : shown.alert().until(),
          shown.alert().labels(),
          shown.alert().value());
    }
  }

  @Doc("A rule in force.")
  record RuleView(
      String name,
      @Doc("built-in or own.") String kind,
      @Doc("What it says.") String text,
      @Doc("ok, pending or firing: the worst of its alerts.") String state,
      String level,
      @Doc("Receivers; empty: all.") List<String> to) {
    static RuleView of(AlertRuleConfig rule, String kind, List<Alerts.Shown> alerts) {
      String state = "ok";
      for (Alerts.Shown shown : alerts) {
        if (shown.alert().rule().equals(rule.name())) {
          String word = shown.word();
          if (word.equals("firing") || word.equals("silenced")) {
            state = "firing";
          } else if (word.equals("pending") && state.equals("ok")) {
            state = "pending";
          }
        }
      }
      return new RuleView(rule.name(), kind, rule.text(), state, rule.level().word(), rule.to());
    }
  }

  @Doc("Alerts with these labels are not told.")
  record SilenceView(
      String id,
      @Doc("Labels that they have to have; * stands for any characters.")
          Map<String, String> labels,
      @Doc("Milliseconds since 1970.") long created,
      @Doc("When it ends.") long until,
      @Doc("Who wanted it.") String by,
      String why) {
    static SilenceView of(Silence silence) {
      return new SilenceView(
          silence.id(),
          silence.labels(),
          silence.created(),
          silence.until(),
          silence.by(),
          silence.why());
    }
  }

  @Doc("Somebody who is told.")
  record ReceiverView(
      String name,
      @Doc("webhook, email or alertmanager.") String kind,
      @Doc("Host or addresses.") String place,
      @Doc("Messages that it has, since the start.") long sent,
      @Doc("Attempts that came to nothing.") long failed,
      @Doc("Messages that were given up; an event says of what.") long lost,
      @Doc("Messages on their way.") int waiting,
      @Doc("Why the last attempt came to nothing.") @Nullable String lastError,
      @Doc("When it took the last message.") @Nullable Long lastSent) {
    static ReceiverView of(ReceiverState state) {
      return new ReceiverView(
          state.name(),
          state.kind(),
          state.place(),
          state.sent(),
          state.failed(),
          state.lost(),
          state.waiting(),
          state.lastError().isEmpty() ? null : state.lastError(),
          state.lastSent() == 0 ? null : state.lastSent());
    }
  }

  @Doc("A silence to be made.")
  record SilenceBody(
      @Doc(
              "Labels that alerts have to have, such as rule, level, service, node; * stands for any"
                  + " characters.")
          Map<String, String> labels,
      @Doc("How long: 30m, 2h.") String duration,
      @Doc("For whoever looks later.") String why) {}

  @Doc("What a rule would have said.")
  record TestView(
      @Doc("What was looked at; milliseconds since 1970.") long from,
      long to,
      @Doc("Milliseconds from one look to the next.") long step,
      List<FiringView> firings) {
    static TestView of(BackTest.Outcome outcome) {
      return new TestView(
          outcome.from(),
          outcome.to(),
          outcome.step(),
          outcome.firings().stream().map(FiringView::of).toList());
    }
  }

  @Doc("A time at which an alert would have fired.")
  record FiringView(
      @Doc("When it would have been told.") long from,
      @Doc("When it was over; absent: it still fires at the end.") @Nullable Long to,
      @Doc("What was compared when it began.") double value,
      String text,
      Map<String, String> labels) {
    static FiringView of(BackTest.Firing firing) {
      return new FiringView(
          firing.from(),
          firing.to() == 0 ? null : firing.to(),
          firing.value(),
          firing.text(),
          firing.labels());
    }
  }
}
