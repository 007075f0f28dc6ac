package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DeployConfig;
import io.fairlead.config.HostPort;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.scaling.Plan;
import io.fairlead.scaling.Release;
import io.fairlead.service.Division;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Versions of a service whose nodes others start and stop, with a clock turned by hand. */
class ServiceDeploysTest {
  private final ManualScheduler time = new ManualScheduler();
  private final EventLog events = new EventLog(time::epochMillis);
  private final Service service = new Service("shop", 1, events, time::epochMillis);
  private final List<String> story = new ArrayList<>();
  private Plan.@Nullable Progress progress;
  private DeployFile.@Nullable State kept;
  private ServiceDeploys deploys = deploys();

  private ServiceDeploys deploys() {
    return new ServiceDeploys(
        service,
        DeployConfig.DEFAULT,
        progress != null,
        time,
        new DeployKeeper.Hands() {
          @Override
          public void plan(Plan plan) {}

          @Override
          public Plan.@Nullable Progress progress() {
            return progress;
          }

          @Override
          public void keep(DeployFile.State state, Runnable then) {
            kept = state;
            then.run();
          }

          @Override
          public void tell(Event event) {
            story.add(event.text());
          }
        });
  }

  private void nodes(String... versions) {
    List<NodeSpec> specs = new ArrayList<>();
    for (String version : versions) {
      HostPort address = new HostPort("10.0.0." + (1 + specs.size()), 80);
      specs.add(
          new NodeSpec(
              address,
              address.toString(),
              1,
              "",
              0,
              version.isEmpty() ? Map.of() : Map.of("version", version),
              "file"));
    }
    service.setMembers(specs);
  }

  private void seconds(int count) {
    for (int i = 0; i < count; i++) {
      time.advance(java.time.Duration.ofSeconds(1));
      deploys.second();
    }
  }

  private Division division() {
    return Objects.requireNonNull(service.division());
  }

  @Test
  void aServiceThatNobodyAsksGoesThroughItsSteps() {
    nodes("1", "1");
    deploys.begin(null, "1", false);
    assertThat(service.division()).isNull();
    assertThat(deploys.want(Release.of("1"), "anna")).isEqualTo("shop has version 1 already");
    assertThat(deploys.want(Release.of("2"), "anna")).isNull();
    assertThat(deploys.want(Release.of("3"), "bob"))
        .isEqualTo("version 2 of shop is being deployed; abort or promote it first");
    seconds(10);
    assertThat(deploys.view().deploy().state()).isEqualTo("preparing");
    assertThat(division()).isEqualTo(new Division("2", 0));
    nodes("1", "1", "2");
    seconds(1);
    assertThat(division()).isEqualTo(new Division("2", 0.005));
    seconds(160);
    assertThat(deploys.view().deploy().state()).isEqualTo("done");
    assertThat(division()).isEqualTo(new Division(null, 0, Set.of("1")));
    assertThat(story)
        .contains(
            "version 2 of shop is being deployed in place of 1 (by anna)",
            "version 2 of shop gets 0.5 % of the requests, after 0 requests",
            "version 2 of shop gets 25.0 % of the requests, after 0 requests")
        .last()
        .asString()
        .startsWith("version 2 of shop is deployed in place of 1, after 16");

    assertThat(deploys.want(Release.of("1"), "anna")).as("back again").isNull();
    assertThat(division()).isEqualTo(new Division("1", 0));
    assertThat(deploys.promote("anna")).isNull();
    seconds(3);
    assertThat(division()).isEqualTo(new Division(null, 0, Set.of("2")));
    nodes("1", "1");
    seconds(1);
    assertThat(service.division()).isNull();
    assertThat(deploys.view().version()).isEqualTo("1");
  }

  @Test
  void aVersionThatIsEjectedOrGoneIsRolledBackAndGetsNothing() {
    nodes("1", "2");
    deploys.begin(null, "1", false);
    String _ = deploys.want(Release.of("2"), "anna");
    seconds(2);
    service.setStanding(
        service.nodes().all()[1], new Standing(Standing.State.EJECTED, 0, "errors 100 %"));
    seconds(10);
    assertThat(story)
        .last()
        .isEqualTo(
            "version 2 of shop is rolled back to 1 after 0 of 0 requests: 1 of 1 nodes of version 2"
                + " do not serve: ejected, errors 100 %");
    assertThat(division()).isEqualTo(new Division(null, 0, Set.of("2")));
    assertThat(deploys.want(Release.of("3"), "anna")).isNull();
    assertThat(division()).isEqualTo(new Division("3", 0, Set.of("2")));
    assertThat(deploys.abort("bob")).isNull();
    assertThat(deploys.abort("bob")).isEqualTo("no version of shop is being deployed");
    assertThat(story)
        .last()
        .isEqualTo("version 3 of shop is rolled back to 1 after 0 of 0 requests: aborted by bob");
  }

  @Test
  void noNodeOfTheVersionIsNotWaitedForLongerThanPatienceSays() {
    nodes("1");
    deploys.begin(null, "", false);
    String _ = deploys.want(Release.of("2"), "anna");
    seconds(15 * 60 + 2);
    assertThat(story)
        .last()
        .isEqualTo(
            "version 2 of shop is rolled back after 0 of 0 requests: no node of version 2 is up");
  }

  @Test
  void aVersionThatDoesNotStartIsGivenUpAndTheNextWaitsUntilItHasGone() {
    nodes("1");
    progress = new Plan.Progress(1, 0, 1, 2, "ended with 1", true);
    deploys = deploys();
    deploys.begin(null, "1", false);
    String _ = deploys.want(Release.of("2"), "anna");
    seconds(5);
    progress = new Plan.Progress(1, 0, 1, 3, "ended with 1", true);
    seconds(1);
    assertThat(story)
        .last()
        .isEqualTo(
            "version 2 of shop is rolled back to 1 after 0 of 0 requests: version 2 does not start:"
                + " ended with 1");
    assertThat(deploys.plan()).isEqualTo(new Plan(Release.of("1"), Release.of("2"), 0));
    assertThat(deploys.want(Release.of("3"), "anna")).isNull();
    assertThat(deploys.view().deploy().state()).isEqualTo("waiting");
    assertThat(deploys.view().deploy().why()).isEqualTo("nodes of version 2 stop first");
    progress = new Plan.Progress(0, 0, 0, 0, "", true);
    seconds(1);
    assertThat(deploys.view().deploy().to()).isEqualTo("3");
    assertThat(deploys.plan()).isEqualTo(new Plan(Release.of("1"), Release.of("3"), 0.005));
  }

  @Test
  void theNextProcessTakesTheStepsAnew() {
    nodes("1", "2");
    deploys.begin(null, "1", false);
    deploys.follow("2", null);
    seconds(40);
    assertThat(division().share()).isEqualTo(0.05);
    DeployFile.State state = kept;
    service.setDivision(null);
    deploys = deploys();
    deploys.begin(state, "2", false);
    assertThat(division()).isEqualTo(new Division("2", 0));
    seconds(1);
    assertThat(division()).isEqualTo(new Division("2", 0.005));
    assertThat(story)
        .contains("the deploy of version 2 of shop was under way: its steps are taken anew");
    deploys.follow("3", null);
    assertThat(story)
        .contains(
            "version 2 of shop is rolled back to 1 after 0 of 0 requests: version 3 is wanted instead");
    seconds(1);
    assertThat(deploys.view().deploy().to()).isEqualTo("3");
    assertThat(division()).isEqualTo(new Division("3", 0, Set.of("2")));
  }
}
