package io.fairlead.record.sql;

import java.time.Duration;

/**
 * What questions may cost.
 *
 * @param engineMiB memory that the engine gives to a question; it says so if that is too little
 * @param processMiB memory of its whole process, which is killed beyond; leaves room for what the
 *     engine does not count
 * @param threads of the engine; they run at a lower priority than ours
 * @param timeout for a question, from when it has its turn and the process is ready
 * @param grace that a question which was told to end has before the process is killed
 * @param start that the process has to become ready
 * @param idle after which the process ends by itself
 * @param answerBytes of the rows of an answer
 * @param waiting questions that may wait for their turn
 * @param patience that they have
 */
record SqlLimits(
    int engineMiB,
    int processMiB,
    int threads,
    Duration timeout,
    Duration grace,
    Duration start,
    Duration idle,
    int answerBytes,
    int waiting,
    Duration patience) {

  /** Characters of a statement. */
  static final int MAX_SQL = 64 * 1024;

  /** More processors than this help no question that anybody waits for. */
  private static final int MAX_THREADS = 8;

  /** An answer of the admin door may take 60 s in all: waiting, starting and the question. */
  static SqlLimits standard() {
    return new SqlLimits(
        512,
        1024,
        Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors()),
        Duration.ofSeconds(30),
        Duration.ofSeconds(2),
        Duration.ofSeconds(15),
        Duration.ofMinutes(5),
        4 * 1024 * 1024,
        8,
        Duration.ofSeconds(10));
  }

  SqlLimits withTimeout(Duration other) {
    return new SqlLimits(
        engineMiB, processMiB, threads, other, grace, start, idle, answerBytes, waiting, patience);
  }

  SqlLimits withIdle(Duration other) {
    return new SqlLimits(
        engineMiB,
        processMiB,
        threads,
        timeout,
        grace,
        start,
        other,
        answerBytes,
        waiting,
        patience);
  }

  SqlLimits withMemory(int engine, int process) {
    return new SqlLimits(
        engine, process, threads, timeout, grace, start, idle, answerBytes, waiting, patience);
  }

  SqlLimits withAnswerBytes(int bytes) {
    return new SqlLimits(
        engineMiB, processMiB, threads, timeout, grace, start, idle, bytes, waiting, patience);
  }

  SqlLimits withQueue(int other, Duration wait) {
    return new SqlLimits(
        engineMiB, processMiB, threads, timeout, grace, start, idle, answerBytes, other, wait);
  }
}
