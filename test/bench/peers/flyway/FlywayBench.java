/*
 * FlywayBench - Flyway as a command, for the comparison:
 *
 *		FlywayBench migrate|info URL FOLDER
 *
 * Copyright (c) 2026, gooseplus contributors
 */
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;

public class FlywayBench
{
	public static void main(String[] args)
	{
		Flyway flyway = Flyway.configure()
			.dataSource(args[1], "postgres", "")
			.locations("filesystem:" + args[2])
			.load();

		if (args[0].equals("migrate"))
			flyway.migrate();
		else
			for (MigrationInfo info : flyway.info().all())
				System.out.println(info.getVersion() + " " + info.getState() + " " + info.getInstalledOn());
	}
}
