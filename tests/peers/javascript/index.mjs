// The least a JavaScript action does: one line, by the toolkit every one of them uses.
const core = await import(process.env.ACTIONS_CORE);
core.info(`the firmware is ${core.getInput("elf")}`);
core.setOutput("verdict", "pass");
