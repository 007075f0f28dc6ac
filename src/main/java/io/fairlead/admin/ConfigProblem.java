package io.fairlead.admin;

/**
 * One thing that is wrong with a configuration.
 *
 * @param file as the operator named it
 * @param line from 1; 0 if unknown
 * @param column from 1; 0 if unknown
 * @param path of the key, with dots
 * @param rule what it breaks
 * @param text all of it as one line, as {@code check} prints it
 */
public record ConfigProblem(
    String file, int line, int column, String path, String rule, String text) {}
