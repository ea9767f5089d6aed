// Drive the emulator with the AWS SDK for JavaScript.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import * as sagemaker from "@aws-sdk/client-sagemaker";

const { DATA, ROLE } = process.env;
const OUTPUT = DATA.replace(/data\/$/, "javascript/");
const client = new sagemaker.SageMakerClient({});
const send = (command, input) => client.send(new sagemaker[`${command}Command`](input));

async function create(name) {
  const source = { S3DataSource: { S3DataType: "S3Prefix", S3Uri: DATA } };
  return send("CreateAutoMLJobV2", {
    AutoMLJobName: name,
    AutoMLJobInputDataConfig: [
      { ChannelType: "training", ContentType: "text/csv;header=present", DataSource: source },
    ],
    OutputDataConfig: { S3OutputPath: OUTPUT },
    AutoMLProblemTypeConfig: {
      TabularJobConfig: {
        TargetAttributeName: "label",
        Mode: "ENSEMBLING",
        CompletionCriteria: { MaxCandidates: 1 },
      },
    },
    RoleArn: ROLE,
  });
}

async function wait(name) {
  for (;;) {
    const job = await send("DescribeAutoMLJobV2", { AutoMLJobName: name });
    if (!["InProgress", "Stopping"].includes(job.AutoMLJobStatus)) return job;
    await sleep(300);
  }
}

async function collect(pages, member) {
  const found = [];
  for await (const page of pages) found.push(...page[member]);
  return found;
}

await create("js-trained");
await create("js-stopped");
await send("StopAutoMLJob", { AutoMLJobName: "js-stopped" });
assert.equal((await wait("js-stopped")).AutoMLJobStatus, "Stopped");
const job = await wait("js-trained");
assert.equal(job.AutoMLJobStatus, "Completed");
assert.ok(job.CreationTime instanceof Date);
console.log("trained and stopped");

// Paginators write their token into the request.
const filter = { NameContains: "js-", SortBy: "Name", SortOrder: "Ascending" };
const jobs = await collect(sagemaker.paginateListAutoMLJobs({ client, pageSize: 1 }, { ...filter }), "AutoMLJobSummaries");
assert.deepEqual(jobs.map((summary) => summary.AutoMLJobName), ["js-stopped", "js-trained"]);
const stopped = await send("ListAutoMLJobs", { ...filter, StatusEquals: "Stopped" });
assert.deepEqual(stopped.AutoMLJobSummaries.map((summary) => summary.AutoMLJobName), ["js-stopped"]);
await assert.rejects(send("DescribeAutoMLJobV2", { AutoMLJobName: "js-none" }), sagemaker.ResourceNotFound);
console.log("listed");

const group = (await send("CreateModelPackageGroup", { ModelPackageGroupName: "js" })).ModelPackageGroupArn;
const [{ Image, ModelDataUrl }] = job.BestCandidate.InferenceContainers;
const InferenceSpecification = {
  Containers: [{ Image, ModelDataUrl }],
  SupportedContentTypes: ["text/csv"],
  SupportedResponseMIMETypes: ["text/csv"],
};
const versions = [];
for (const ModelPackageGroupName of ["js", group])
  versions.push((await send("CreateModelPackage", { ModelPackageGroupName, InferenceSpecification })).ModelPackageArn);
const listing = { ModelPackageGroupName: "js", SortOrder: "Ascending" };
const listed = await collect(sagemaker.paginateListModelPackages({ client, pageSize: 1 }, { ...listing }), "ModelPackageSummaryList");
assert.deepEqual(listed.map((version) => version.ModelPackageArn), versions);
await send("UpdateModelPackage", { ModelPackageArn: versions[1], ModelApprovalStatus: "Approved" });
const approved = await send("ListModelPackages", { ...listing, ModelApprovalStatus: "Approved" });
assert.deepEqual(approved.ModelPackageSummaryList.map((version) => version.ModelPackageArn), [versions[1]]);
assert.equal((await send("DescribeModelPackage", { ModelPackageName: versions[1] })).ModelPackageVersion, 2);
for (const key of ["js", group])
  assert.equal((await send("DescribeModelPackageGroup", { ModelPackageGroupName: key })).ModelPackageGroupArn, group);
console.log("registered, approved and described");

await assert.rejects(send("DeleteModelPackageGroup", { ModelPackageGroupName: "js" }), sagemaker.ConflictException);
for (const version of versions) await send("DeleteModelPackage", { ModelPackageName: version });
await assert.rejects(send("DescribeModelPackage", { ModelPackageName: versions[0] }), { name: "ValidationException" });
await send("DeleteModelPackageGroup", { ModelPackageGroupName: "js" });
const remaining = await send("ListModelPackageGroups", { NameContains: "js" });
assert.deepEqual(remaining.ModelPackageGroupSummaryList, []);
console.log("deleted");
